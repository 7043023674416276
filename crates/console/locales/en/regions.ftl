regions-title = Regions and links
regions-what = Where images are kept, and the links that copies take between them.
regions-regions = Regions
regions-region = Region
regions-served = Served
regions-here = here
regions-zone = Border zone
regions-images = Images
regions-snapshots = Snapshots
regions-held = Held
regions-used-of = { $used } of { $limit }
regions-set-quotas = Set quotas
regions-quotas-title = Quotas in { $region }
regions-account = Account
regions-show-account = Show
regions-quotas-note = A limit below what is used refuses new ones and touches none that exist.
regions-quotas-set = The quotas of { $name } in { $region } are set.
regions-no-quota-number = A quota is a whole number, 0 or more.
regions-links = Links
regions-no-links = With one region alone there is nothing to link.
regions-link = Link
regions-link-title = Link { $source } → { $target }
regions-state = State
regions-paused = Paused
regions-idle = Idle
regions-carries = Copying
regions-waits = Waiting
regions-runs = Running
regions-ends = Being given back
regions-place = { $place ->
    [1] Next
   *[other] Place { $place }
}
regions-next-attempt = Between attempts
regions-running = Running
regions-waiting = Waiting
regions-measured = Measured rate
regions-limit = Limit
regions-no-limit = none
regions-at-once = Copies at once
regions-changed = Changed
regions-queue = Queue
regions-set-link = Change
regions-own-only = Running and waiting count your account’s copies.
regions-pause = Pause
regions-resume = Resume
regions-set = Save
regions-not-now = Not now
regions-unit = Unit
regions-kilo = kB/s
regions-mega = MB/s
regions-giga = GB/s
regions-limit-hint = All copies on the link together. Empty: no limit.
regions-at-once-hint = All accounts together. Empty: only the region’s own limits count.
regions-no-limit-number = The limit is a number such as 12 or 12.5, or empty for none.
regions-no-count = Copies at once is a whole number, or empty for no limit.
regions-now-paused = The link { $source } → { $target } is paused. What ran on it keeps what it has.
regions-now-running = The link { $source } → { $target } runs again.
regions-now-set = The link { $source } → { $target } is set, and it counts already.
regions-queue-empty = None of your account’s copies is on this link.
regions-image = Image
regions-asked = Asked for
regions-others = { $count ->
    [one] { $count } more is another account’s.
   *[other] { $count } more are other accounts’.
}
regions-more-copies = All copies that run
