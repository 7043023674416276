audit-title = Audit
audit-what = Every change, the newest first: who made it, when, by which request, and what was and is.
audit-which = Which trail
audit-all = All trails
audit-accounts = Accounts and users
audit-of-region = Region { $region }
audit-subject = Done to
audit-subject-hint = An id: image, key, user, …
audit-account = Account
audit-account-hint = An account’s id or name
audit-find = Find
audit-none = Nothing was changed that fits
audit-none-how = Another account’s doings are shown to operators alone.
audit-show-all = Show all
audit-at = When
audit-who = Who
audit-ferry = Ferry itself
audit-did = What
audit-trail = Trail
audit-request = Request
audit-change = Before → after
audit-first = First page
audit-more = Older
audit-verify = Verify the chain
audit-verified-title = Verified trails
audit-verified-what = Each entry holds a digest of the one before it: who alters, removes or inserts one breaks the chain there.
audit-stands = Stands
audit-found = Found
audit-whole = Whole
audit-whole-told = { $entries ->
    [0] It has no entries yet.
    [one] Its one entry is as it was written.
   *[other] All { $entries } entries follow from one another.
}
audit-broken = Broken
audit-broken-told = Entry { $seq } does not follow from the one before it: something was altered, removed or added there.
audit-back = Back to the audit
