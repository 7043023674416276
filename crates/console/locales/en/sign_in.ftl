sign-in-title = Sign in
sign-in-key = Access key id
sign-in-secret = Access key secret
sign-in-do = Sign in
sign-in-refused = The access key or its secret is not right.
sign-in-hint = With the command line at hand, a link that signs you in comes from
sign-in-done = You are signed in
sign-in-go-on = Go on to the console
