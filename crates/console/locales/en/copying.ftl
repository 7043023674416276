copying-title-one = Copy { $name }
copying-title = { $count ->
    [one] Copy { $count } image
   *[other] Copy { $count } images
}
copying-facts = { $snapshots ->
    [one] { $snapshots } snapshot
   *[other] { $snapshots } snapshots
} · { $size }, { $held } held
copying-no-images = Choose at least one image to copy.
copying-no-image = There is no such image.
copying-blocked = Not all of these images can be copied, so none is. Leave out those that cannot.
copying-no-targets = Tick at least one target region.
copying-choose = Choose
copying-target = Target region
copying-images = Images
copying-snapshots = Snapshots
copying-link = Link
copying-to-send = To send
copying-sealing = Encryption
copying-sealing-in = Encryption in { $region }
copying-of = { $used } of { $limit }
copying-link-idle = Idle
copying-link-paused = Paused
copying-link-busy = { $running } running, { $waiting } waiting
copying-link-down = Not reachable
copying-present-same = the same there as { $name }
copying-present-older = older version there: { $name }
copying-present-coming = coming there already: { $name }
copying-present-some = { $count ->
    [one] { $count } of them is there already
   *[other] { $count } of them are there already
}
copying-no-room-images = { $left ->
    [0] no image quota left
    [one] room for { $left } more image, { $wanted } wanted
   *[other] room for { $left } more images, { $wanted } wanted
}
copying-no-room-snapshots = { $left ->
    [0] no snapshot quota left
    [one] room for { $left } more snapshot, { $wanted } wanted
   *[other] room for { $left } more snapshots, { $wanted } wanted
}
copying-unreachable = it does not answer
copying-more-reasons = and { $count } more
copying-ask-approval = Ask for approval
copying-to-ticket = See the ticket
copying-to-copy = See the copy
copying-to-keys = See its keys
copying-seal-plain = plain, as the source
copying-seal-default-as-source = as the source: the default key there
copying-seal-each = each as its source
copying-seal-default = the default key there
copying-seal-several = as chosen for each region
copying-seal-key = key { $key }
copying-name = Custom image name
copying-name-hint = Empty: the same name as the source.
copying-description = Custom image description
copying-note = In the target it reads:
copying-tags = Tags
copying-tags-hint = One key=value a line. Unchanged: those of the source.
copying-tags-hint-each = One key=value a line. Empty: each as its source.
copying-time-unknown = unknown
copying-time-unknown-why = nothing has moved on a link of these yet
copying-time-ahead = { $count ->
    [0] nothing in the queue before it
   *[other] after { $count } in the queue
}
copying-sum-of = of { $of } to send
copying-sum-traffic = traffic, current rate
copying-sum-storage = storage, 30 days
copying-sum-made = images, snapshots
copying-tick = Tick the regions to copy to; what it costs is shown here before anything is sent.
copying-left-behind = Roles, service authorisation, user data and the share list stay behind.
copying-held = The source cannot be deleted until its copies have ended.
copying-approval-first = These copies need an approval first: an operator decides, then you copy.
copying-each-alone = Each region answers for itself.
copying-do = { $count ->
    [0] Copy
    [one] Copy to { $count } region
   *[other] Copy to { $count } regions
}
copying-estimate = Estimate
copying-not-now = Not now
copying-all-refused = No copy was begun:
copying-begun-one = The copy to { $region } has begun.
copying-begun = { $count } copies have begun.
copying-some = { $promised } of { $count } copies have begun
copying-some-hint = Each region answered for itself. What was refused changed nothing.
copying-image = Image
copying-answer = Answer
copying-refused = Refused
copying-promised = Begun
copying-again = Change and ask again
copying-to-copies = To the copies
copying-ticket-title-one = Ask for approval to copy { $name }
copying-ticket-title = Ask for approval to copy
copying-ticket-what = These copies need an approval. An operator reads what you write here and decides; an approval lets each of them run once.
copying-ticket-why-needed = Why it needs one
copying-ticket-not-needed = needs no approval
copying-ticket-copy = Copy
copying-ticket-why = Why these copies are needed
copying-ticket-why-hint = An operator reads it: 1 to 1,000 characters.
copying-ticket-opened = { $count ->
    [one] The ticket was opened.
   *[other] { $count } tickets were opened.
}
copying-ticket-some = { $count ->
    [one] { $count } ticket was opened.
   *[other] { $count } tickets were opened.
}
