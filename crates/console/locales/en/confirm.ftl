confirm-not-now = Not now
