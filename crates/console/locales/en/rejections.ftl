rejection-invalid-field = { $field }: { $refusal }.
rejection-image-not-found = Image { $image } does not exist in { $region }.
rejection-snapshot-not-found = Snapshot { $snapshot } does not exist in { $region }.
rejection-copy-not-found = Copy { $copy } does not exist in { $region }.
rejection-instance-not-found = Instance { $instance } does not exist in { $region }.
rejection-region-unknown = Region { $region } is not part of this deployment. The page “Regions” shows those that are.
rejection-same-region = The image is in { $region } already. Choose another target region.
rejection-too-many-targets = These are too many target regions: one request may name { $limit } at most.
rejection-too-many-disks = These are too many disks: an image has { $limit } at most, its system disk among them.
rejection-too-many-tags = These are too many tags: an image has { $limit } at most.
rejection-image-not-available = Image { $image } is { $status }. Only an available image can be copied, used or exported.
rejection-image-degraded = { $chunks ->
    [one] { $chunks } chunk of image { $image } is damaged. Copy the image back from a region that has it whole.
   *[other] { $chunks } chunks of image { $image } are damaged. Copy the image back from a region that has it whole.
}
rejection-image-being-made = Image { $image } is still being made. Cancel that instead.
rejection-image-held = Image { $image } is being copied to { $target } by { $by }. Wait until that has ended, or cancel it on the copy’s page.
rejection-image-in-use = { $instances ->
    [one] { $instances } instance uses image { $image }. Delete it on the page “Instances” first, or delete the image although it is used.
   *[other] { $instances } instances use image { $image }. Delete them on the page “Instances” first, or delete the image although it is used.
}
rejection-snapshot-in-use = Snapshot { $snapshot } is used by image { $image }. Delete the image first.
rejection-already-copying = Image { $image } is being copied to { $target } already, by { $by }.
rejection-quota-exceeded = The quota of { $kind } in { $region } is full: { $used } used and { $reserved } promised of { $limit }; { $wanted } more wanted. Delete some there, or ask an operator for a larger quota.
rejection-token-reused = This form was sent before with other values. Open it anew and send that.
rejection-not-being-copied = Image { $image } was not made by a copy that can be cancelled.
rejection-copy-finished = Image { $image } is available already. Delete it instead of cancelling.
rejection-nothing-to-retry = Copy { $copy } is not waiting for another attempt.
rejection-import-ended = The import of image { $image } has ended, so it takes nothing more.
rejection-ticket-not-found = Ticket { $ticket } does not exist in { $region }.
rejection-encryption-key-not-found = Encryption key { $key } does not exist in { $region }. The page “Encryption keys” shows those that do.
rejection-not-allowed = Your role, { $role }, does not allow this: { $act }.
rejection-public-not-copied = Image { $image } is public. Only custom images can be copied.
rejection-marketplace-not-copied = Image { $image } is a marketplace image. Only custom images can be copied.
rejection-shared-not-copied = Image { $image } is shared with you. Only its owner can copy it, and share the copy.
rejection-local-not-copied = Image { $image } lies in a local file. Convert it, and copy the image that makes.
rejection-nothing-to-convert = Image { $image } rests on snapshots already. There is nothing to convert.
rejection-image-being-converted = Image { $image } is being converted into { $into }. Wait until that has ended, or cancel it.
rejection-image-not-yours = Image { $image } is { $kind }. You can use it, not change it.
rejection-image-published = Image { $image } is { $kind }. Take that back first.
rejection-image-is-shared = { $accounts ->
    [one] Image { $image } is shared with { $accounts } account. Take that back first.
   *[other] Image { $image } is shared with { $accounts } accounts. Take that back first.
}
rejection-encrypted-not-shared = Image { $image } is encrypted with a key of its own account, so it can be neither shared nor published.
rejection-shared-with-self = Image { $image } belongs to this account already.
rejection-too-many-shares = { $limit ->
    [one] An image can be shared with { $limit } account at most. Take one back first.
   *[other] An image can be shared with { $limit } accounts at most. Take one back first.
}
rejection-name-taken = There is an image named “{ $name }” in { $region } already. Choose another name.
rejection-image-too-large = Image { $image } has { $size_bytes }. At most { $limit_bytes } can be copied.
rejection-deadline-too-soon = The copy must bring { $bytes } by its deadline, and the link from { $region } has room for { $room_bytes } until then beside what it has promised. The earliest deadline that can be kept is { $earliest }: choose that, or none.
rejection-deadline-not-promised = No deadline can be promised over the link from { $region }: { $why }. Copy without one, or have an operator change the link.
rejection-no-promise-paused = it is paused, and nobody knows until when
rejection-no-promise-speed-unknown = its speed is not known, because it has no limit and nothing has moved on it yet
rejection-too-many-images = { $limit ->
    [one] These are too many images: one request may name { $limit }.
   *[other] These are too many images: one request may name { $limit } at most.
}
rejection-ticket-needed = Copying image { $image } to { $target } needs an approval: { $need }. Ask for it where copies are asked for.
rejection-ticket-undecided = Ticket { $ticket } has not been decided yet. An operator approves or refuses it.
rejection-ticket-refused = Ticket { $ticket } was refused. Its page says why.
rejection-ticket-expired = The approval of ticket { $ticket } ran out at { $until }. Open another ticket.
rejection-ticket-spent = The approval of ticket { $ticket } was used by copy { $by }. Open another ticket.
rejection-ticket-decided = Ticket { $ticket } is { $state } already.
rejection-not-to-plain = Image { $image } is encrypted, so its copy must be encrypted too. Choose an encryption key.
rejection-key-unusable = Encryption key { $key } is { $state }. Choose another, or see the page “Encryption keys”.
rejection-link-not-private = The link from { $region } is not encrypted. Encrypted images cross only encrypted links; its operator can set up TLS.
rejection-bucket-not-found = Bucket { $bucket } does not exist in { $region }.
rejection-object-not-found = Object “{ $object }” does not exist in bucket { $bucket } in { $region }.
rejection-object-refused = Object “{ $object }” in bucket { $bucket } cannot be imported: { $problem }.
rejection-disk-too-small = The disk in object “{ $object }” has { $needed_bytes }, more than the { $declared_bytes } that were stated.
rejection-format-not-written = Disk images are not written as { $format }. Choose raw, qcow2 or vhd.
rejection-task-not-found = Task { $task } does not exist in { $region }.
rejection-task-ended = Task { $task } is { $state } already.
rejection-image-being-exported = Image { $image } is being exported by { $by }. Wait until that has ended, or cancel it on the page “Tasks”.
rejection-snapshot-not-whole = Snapshot { $snapshot } is { $standing }. Only an available one can be used.
rejection-snapshot-degraded = { $chunks ->
    [one] { $chunks } chunk of snapshot { $snapshot } is damaged. Copy it back from a region that has it whole.
   *[other] { $chunks } chunks of snapshot { $snapshot } are damaged. Copy it back from a region that has it whole.
}
rejection-snapshot-held = Snapshot { $snapshot } is being copied to { $target } by { $by }. Wait until that has ended, or cancel it there.
rejection-snapshot-not-resized = Snapshot { $snapshot } has { $size_bytes }, and a disk that rests on it has as many, not { $wanted_bytes }.
rejection-snapshots-sealed-apart = Snapshots { $first } and { $second } are not sealed with one key. All disks of an image are sealed with one, or none is.
rejection-snapshot-too-large = Snapshot { $snapshot } has { $size_bytes }. At most { $limit_bytes } can be copied.
rejection-snapshot-needs-ticket = Copying snapshot { $snapshot } to { $target } needs an approval: { $need }. Approvals are given for images: make an image of it, and copy that.
rejection-snapshot-not-to-plain = Snapshot { $snapshot } is encrypted, so its copy must be encrypted too. Choose an encryption key.
rejection-image-deprecated = Image { $image } is deprecated. Take that back where it is edited first.
rejection-family-empty = There is no available image of family “{ $family }” in { $region }.
rejection-account-not-found = Account { $account } does not exist.
rejection-user-not-found = User { $user } does not exist.
rejection-access-key-not-found = Access key { $key } does not exist.
rejection-too-many-keys = A user has { $limit } access keys at most. Delete one first.
rejection-last-key = Access key { $key } is the last with which an admin can sign in. Create another first.
rejection-name-in-use = The name “{ $name }” is taken. Choose another.
rejection-last-admin = User { $user } is the last admin who can sign in. Make another one, with an access key, first.
rejection-key-in-use = Encryption key { $key } seals { $images ->
    [one] { $images } image
   *[other] { $images } images
} and { $snapshots ->
    [one] { $snapshots } snapshot
   *[other] { $snapshots } snapshots
}, which nobody could read any more. Delete them first, or say that they may be lost.
rejection-key-is-default = Encryption key { $key } is the account’s default here. It can be disabled, not deleted.
rejection-keys-elsewhere = The encryption keys of { $region } are managed outside Ferry, in { $ring }.
rejection-refusal-length = { $length ->
    [0] it is empty; { $min } to { $max } characters are allowed, not { $length }
    [one] it has { $length } character; { $min } to { $max } are allowed
   *[other] it has { $length } characters; { $min } to { $max } are allowed
}
rejection-refusal-character = the character { $character } is not allowed
rejection-refusal-first-not-letter = it has to begin with a letter
rejection-refusal-starts-with-url = it must not begin with http:// or https://
rejection-refusal-twice = it is there twice
rejection-refusal-empty = it is empty
rejection-refusal-not-sectors = { $bytes } is no multiple of 512 bytes above zero
rejection-refusal-too-large = { $value } is too large; { $limit } is the most
rejection-refusal-out-of-range = { $value } is not within { $min } to { $max }
rejection-refusal-too-soon = { $earliest } is the earliest
rejection-refusal-incomplete = { $missing ->
    [one] { $missing } chunk of the disk has not been sent
   *[other] { $missing } chunks of the disk have not been sent
}
rejection-refusal-no-folder = this region has no folder of local images; its operator can set one
rejection-refusal-no-such-file = there is no such file in the account’s folder of local images
rejection-refusal-not-an-image = the file cannot be used: { $problem }
rejection-refusal-not-a-tree = it names no disk of the stated size
rejection-field-name = Name
rejection-field-description = Description
rejection-field-platform = Platform
rejection-field-token = Request token
rejection-field-tag-key = Key of a tag
rejection-field-tag-value = Value of a tag
rejection-field-size = Size of a disk
rejection-field-targets = Target regions
rejection-field-disks = Disks
rejection-field-digest = Digest
rejection-field-why = Reason
rejection-field-until = Valid until
rejection-field-from = Counts from
rejection-field-price = Price
rejection-field-days = Days before it is deleted
rejection-field-file = File
rejection-field-images = Images
rejection-field-account = Account
rejection-field-user = User
rejection-field-snapshots = Snapshots
rejection-field-bucket = Bucket
rejection-field-object = Object
rejection-field-prefix = Object name begins with
rejection-field-format = Format
rejection-field-family = Family
rejection-field-particulars = What the cloud’s door keeps of the image
rejection-field-count = How many
rejection-field-limit = Limit in bytes a second
rejection-field-schedule = Weekly windows
rejection-field-deadline = Deadline
rejection-field-copies-at-once = Copies at once
rejection-need-size = { $size } is above the { $limit } that are copied without an approval
rejection-need-border = from zone { $from } to zone { $to } a copy needs an approval
rejection-role-reader = Reader
rejection-role-owner = Owner
rejection-role-operator = Operator
rejection-role-admin = Admin
rejection-act-read = looking at what the account has
rejection-act-change = changing what the account has
rejection-act-operate = running the deployment
rejection-act-administer = managing accounts and users
rejection-status-image-creating = still being made
rejection-status-image-available = available
rejection-status-image-failed = one that could not be made
rejection-status-snapshot-copying = still being copied
rejection-status-snapshot-whole = available
rejection-status-snapshot-failed = one whose copy failed
rejection-status-task-waiting = waiting
rejection-status-task-running = running
rejection-status-task-done = done
rejection-status-task-failed = failed
rejection-status-task-cancelled = cancelled
rejection-status-ticket-open = open
rejection-status-ticket-approved = approved
rejection-status-ticket-refused = refused
rejection-status-key-enabled = enabled
rejection-status-key-disabled = disabled
rejection-status-key-pending-deletion = about to be deleted
rejection-status-key-deleted = deleted for good
rejection-kind-custom = a custom image
rejection-kind-shared = shared with you
rejection-kind-public = a public image
rejection-kind-marketplace = a marketplace image
rejection-key-ring-embedded = the region’s own key ring
rejection-key-ring-aws-kms = AWS KMS
rejection-quota-image = images
rejection-quota-snapshot = snapshots
rejection-file-unreadable = it cannot be read
rejection-file-malformed = it breaks the rules of its format
rejection-file-unsupported = its format, or something in it, is not supported
rejection-file-ambiguous = it could be of two formats
rejection-file-mismatch = it is not of the format that was stated
rejection-file-size = its size is no multiple of 512 bytes above zero
rejection-file-too-large = its disk is larger than is allowed
rejection-file-changed = it changed while it was read
rejection-file-backing-file = it rests on another file, and such are never opened
rejection-file-external-data = its data is in another file, and such are never opened
rejection-file-extent-path = its extents are in other files, and such are never opened
rejection-file-parent = it rests on a parent disk, and such are never opened
rejection-cause-cancelled = It was cancelled.
rejection-cause-source-gone = The source no longer exists.
rejection-cause-source-damaged = { $chunks ->
    [one] { $chunks } chunk of the source is missing or damaged. Copy from another region, or let its operator scrub this one.
   *[other] { $chunks } chunks of the source are missing or damaged. Copy from another region, or let its operator scrub this one.
}
rejection-cause-source-malformed = The source sent chunks that do not form the disk that it named.
rejection-cause-gave-up = { $attempts ->
    [one] { $attempts } attempt made no progress.
   *[other] { $attempts } attempts in a row made no progress.
}
rejection-cause-key-gone = Its encryption key has been deleted for good.
rejection-cause-not-approved = Its approval was used by another copy, or ran out before it began.
rejection-cause-file-refused = The local file is no disk image that can be converted; the region’s log says why.
