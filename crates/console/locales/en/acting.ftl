acting-back = Back
acting-not-now = Not now
acting-see-copy = See the copy
acting-see-task = See the task
acting-see-converted = See what it is made into
acting-see-shares = See with whom
acting-see-instances = See them
acting-take-back = Take back
acting-to-edit = Edit it
acting-to-convert = Convert it
acting-to-cancel = Cancel it
acting-copy-command = Copy
acting-name = Name
acting-description = Description
acting-family = Family
acting-family-hint = The newest image of a family that is not deprecated is meant by its name. Empty: of none.
acting-boot-mode = Boot mode
acting-tags = Tags
acting-tags-hint = One key=value a line, 20 at most.
acting-deprecated = Deprecated
acting-deprecated-hint = It is used as before, but neither copied, shared, published nor exported.
acting-edit-title = Edit { $name }
acting-edit-do = Keep
acting-edit-done = { $name } was changed.
acting-delete-title = Delete { $name }
acting-delete-what = The image goes from { $region }, and cannot be had back. Copies of it in other regions stay.
acting-delete-used = { $count ->
    [one] One instance uses it.
   *[other] { $count } instances use it.
}
acting-delete-snapshots = { $count ->
    [one] Delete its snapshot too
   *[other] Delete its { $count } snapshots too
}
acting-delete-snapshots-hint = Those that another image rests on, or that a copy reads, stay.
acting-delete-although-used = { $count ->
    [one] Delete it although an instance uses it
   *[other] Delete it although { $count } instances use it
}
acting-delete-although-seen = Delete it although other accounts see it
acting-delete-do = Delete image
acting-delete-done = { $name } was deleted.
acting-share-title = Share { $name }
acting-share-what = Accounts that it is shared with see it in { $region } and make instances of it. They neither change nor copy it: only its owner copies it, and shares the copy.
acting-share-nobody = It is shared with nobody.
acting-share-with = Whom it is shared with
acting-share-account = Account
acting-share-since = Since
acting-share-most = { $count } of { $most } accounts
acting-share-add = Share with
acting-share-add-hint = An account’s id or its name.
acting-share-do = Share
acting-share-remove = Take back
acting-share-added = It is shared with { $account } now.
acting-share-removed = It is not shared with { $account } any more. What is used already stays.
acting-share-unknown = There is no account “{ $account }”. Ask its owner for its id.
acting-publish-title = Publish { $name }
acting-publish-what = Every account sees it in { $region } and makes instances of it. While it is published it is not copied.
acting-publish-as = Publish as
acting-publish-public = Public image
acting-publish-marketplace = Marketplace image
acting-publish-is-public = It is published as a public image.
acting-publish-is-marketplace = It is published as a marketplace image.
acting-publish-take-back-what = Taken back, it is a custom image again, which its account alone sees. What is used already stays.
acting-publish-do = Publish
acting-publish-done = { $name } is published.
acting-publish-taken-back = { $name } is a custom image again.
acting-export-title = Export { $name }
acting-export-what = A task writes its disks into a bucket of { $region }. They appear there once all of them are whole.
acting-export-plain = The image is encrypted; the objects are plain.
acting-export-bucket = Bucket
acting-export-bucket-hint = A folder that is there already, in the region’s folder of buckets, under
acting-export-prefix = Object name begins with
acting-export-prefix-hint = May be empty. The system disk will be
acting-export-format = Format
acting-export-disks = Disks
acting-export-all = { $count ->
    [one] The one disk
   *[other] All { $count } disks
}
acting-export-system = The system disk only
acting-export-as-file = To get a disk as a file on your own computer, use the command line:
acting-export-do = Export
acting-export-begun = { $name } is being exported.
acting-instance-title = Create instances of { $name }
acting-instance-what = An instance says that the image is used in { $region }. Ferry runs no machines.
acting-instance-count = How many
acting-instance-count-hint = 1 to { $most }. All of them get this name and these tags.
acting-instance-no-count = How many there shall be is no number.
acting-instance-do = Create
acting-instance-done = { $count ->
    [one] An instance of { $name } was created.
   *[other] { $count } instances of { $name } were created.
}
acting-cancel-title = Cancel { $name }
acting-cancel-will = The image and what has been made of it disappear from { $region }, and its place in the quotas is free again. What it is made of stays.
acting-cancel-do = Cancel it
acting-cancel-done = { $name } was cancelled: nothing of it is left in { $region }.
acting-convert-title = Convert { $name }
acting-convert-what = A new image on snapshots is made of its local file, with an id of its own. That one can be copied; the local image stays as it is.
acting-convert-hint = Empty: as the local image has it.
acting-convert-do = Convert
acting-convert-begun = { $name } is being made of the local file.
