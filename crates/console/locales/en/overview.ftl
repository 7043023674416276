overview-title = Overview
overview-held = { $images ->
    [one] One custom image holds { $held }
   *[other] { $images } custom images hold { $held }
 } in { $regions ->
    [one] one region
   *[other] { $regions } regions
 }.
overview-where = Where each image is
overview-image = Image
overview-there = In { $region }, the same
overview-older = In { $region }, another version
overview-under-way = On its way to { $region }
overview-failed = Failed in { $region }
overview-absent = Not in { $region }
overview-no-images = There is no image here yet. Bring the first one from a disk image file:
overview-key-same = the same
overview-key-other = another version
overview-key-under-way = on its way
overview-key-absent = not there
overview-key-copy = not there; choose it to copy the image
overview-all-images = All images
overview-links = Regions and links
overview-map = { $regions ->
    [one] One region.
   *[other] { $regions } regions.
 }
overview-all-links = Limits, pauses and queues
overview-paused = paused
overview-of-limit = { $rate } of { $limit }
overview-limit = at most { $limit }
overview-queue = { $waiting ->
    [0] { $running } running
   *[other] { $running } running, { $waiting } waiting
 }
overview-moving = Under way
overview-way = From, to
overview-progress = Progress
overview-link-paused = waits: its link is paused
overview-place = { $place ->
    [1] next in the queue
   *[other] place { $place } in the queue
 }
overview-rate-left = { $rate } · { $left } left
overview-more-copies = { $count ->
    [one] One more copy
   *[other] { $count } more copies
 }
overview-quotas = Quotas
overview-region = Region
overview-quota-images = Images
overview-quota-snapshots = Snapshots
overview-used-of = { $used } of { $limit }
