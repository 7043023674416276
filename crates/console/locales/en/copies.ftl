copies-title = Copies
copies-title-one = Copy of { $name } to { $region }
copies-which = Which copies
copies-all = All
copies-live = Running
copies-ended = Ended
copies-into = Into { $region }
copies-none = No such copies into { $region }.
copies-none-do = Copy an image
copies-image = Image
copies-way = From and to
copies-status = Status
copies-sent = Sent
copies-reused = Reused
copies-to-go = To go
copies-attempts = Attempts
copies-since = Asked for
copies-see = See
copies-progress = Progress
copies-late = Late
copies-first = First page
copies-more = More
copies-left = { $span } left
copies-phase-waiting = Waiting
copies-phase-queued = Waiting · place { $place } in the queue
copies-phase-paused = Waiting · the link is paused
copies-phase-trying-again = Waiting · between attempts
copies-phase-copying = Copying snapshots
copies-phase-registering = Registering
copies-phase-done = Available
copies-phase-cancelling = Cancelling
copies-phase-cancelled = Cancelled
copies-phase-failed = Failed
copies-step-queued = Queued
copies-step-held = Source held
copies-step-storing = Storing
copies-step-publishing = Publishing
copies-step-done = Available
copies-steps = Steps
copies-reused-long = held there already
copies-to-go-long = of disk still to go, at most
copies-rate = Rate
copies-of = { $done } of { $count }
copies-disks = disks whole
copies-queue = In the queue
copies-queue-place = { $place ->
    [1] next
   *[other] place { $place }
}
copies-sealed = Encryption key
copies-plain = none: stored plain
copies-began = Asked for
copies-ended-at = Ended
copies-attempts-long = Attempts in a row without progress
copies-next = Next attempt
copies-retry = Retry
copies-retried = The next attempt begins now.
copies-retry-runs = An attempt is running.
copies-retry-paused = Its link is paused; it goes on by itself once the link runs again.
copies-retry-first = It does not wait between two attempts.
copies-may-not = Your role may look, not change.
copies-cancel = Cancel copy
copies-cancel-title = Cancel the copy of { $name } to { $region }
copies-cancel-at = { $percent } % are there.
copies-cancel-will = { $snapshots ->
    [one] The image and its { $snapshots } snapshot disappear from { $region }, the quota is given back, the source stays; the bytes go with the next sweep.
   *[other] The image and its { $snapshots } snapshots disappear from { $region }, the quota is given back, the source stays; the bytes go with the next sweep.
}
copies-cancel-not = Let it run
copies-cancel-runs = It is being cancelled.
copies-cancelled = The copy was cancelled: nothing of it is left in { $region }.
copies-cause-cancelled = It was cancelled.
copies-cause-source-gone = The source image no longer exists.
copies-cause-source-damaged = { $chunks ->
    [one] { $chunks } chunk of the source image is missing or damaged. Scrub the source region, or copy from another one.
   *[other] { $chunks } chunks of the source image are missing or damaged. Scrub the source region, or copy from another one.
}
copies-cause-source-malformed = The source sent chunks that do not form the disk that it named.
copies-cause-gave-up = { $attempts } attempts in a row made no progress.
copies-cause-key-gone = Its encryption key has been deleted for good.
copies-cause-not-approved = Its approval was used by another copy, or ran out before it began.
copies-cause-file-refused = The local file is no disk image that can be converted; the region’s log says why.
copies-chart = Rate over time
copies-chart-average = { $rate } on average
copies-chart-fastest = { $rate } at most
copies-chart-told = Over { $span }: { $average } on average, { $fastest } at most.
copies-chart-none = Its rate is drawn here once bytes have moved.
copies-at = At
copies-failed-attempts = Failed attempts
copies-attempt = Attempt
copies-reason = Reason
