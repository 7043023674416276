images-title = Images
images-held-here = { $count ->
    [0] There are no custom images in { $region } yet.
    [one] One custom image holds { $held } in { $region }.
   *[other] { $count } custom images hold { $held } in { $region }.
}
images-held-everywhere = { $count ->
    [0] There are no custom images in { $regions ->
        [one] this region
       *[other] these { $regions } regions
    } yet.
    [one] One custom image holds { $held } in { $regions ->
        [one] one region
       *[other] { $regions } regions
    }.
   *[other] { $count } custom images hold { $held } in { $regions ->
        [one] one region
       *[other] { $regions } regions
    }.
}
images-tabs = Whose images
images-tab-custom = Custom
images-tab-shared = Shared with me
images-tab-public = Public
images-search = Search images
images-search-hint = Name, id, family or tag
images-find = Find
images-any-status = Any status
images-import = Import image
images-import-how = Images come in by the command line, from a disk file of this computer:
images-name = Name
images-region = Region
images-type = Type
images-status = Status
images-disks = Disks
images-size = Size
images-held = Held
images-created = Created
images-tags = Tags
images-actions = Actions
images-kind-custom = Custom image
images-kind-shared = Shared with me
images-kind-public = Public
images-kind-marketplace = Marketplace
images-waiting = Waiting
images-waiting-place = Waiting · place { $place } in the queue
images-creating = Creating
images-available = Available
images-deprecated = Deprecated
images-failed = Failed
images-left = { $span } left
images-link-paused = its link is paused
images-tried = { $attempts ->
    [one] one attempt failed; trying again
   *[other] { $attempts } attempts failed; trying again
}
images-copy = Copy Image
images-copy-anew = Copy again
images-create-instance = Create Instance
images-export = Export
images-share = Share
images-publish = Publish
images-edit = Edit
images-delete = Delete
images-cancel-copy = Cancel Copy
images-cancel = Cancel
images-convert = Convert
images-retry = Retry now
images-more = More actions on { $name }
images-tick = Tick { $name }
images-tick-all = Tick all on this page
images-at-once = { $most ->
    [one] one at a time
   *[other] up to { $most } at once
}
images-none = No images here yet
images-none-fit = No image fits what you look for
images-show-all = Show all
images-none-shared = Nobody shares an image with you here
images-none-shared-how = Whoever owns one shares it with your account’s id:
images-none-public = No image is published here
images-none-public-how = An operator publishes an image of their account for everybody, from its page.
images-pages = Pages
images-shown = { $first }–{ $until } of { $total }
images-previous = Previous
images-next = Next
images-beyond = { $beyond ->
    [one] One more image fits than several regions together show. Choose a region to see the rest.
   *[other] { $beyond } more images fit than several regions together show. Choose a region to see the rest.
}
images-together-none = Tick at least one image first.
images-together-many = { $count } images are ticked. Up to { $most } are copied at once.
images-together-regions = The ticked images are of several regions. One request copies those of one region; go on with one after the other:
images-together-go = { $count ->
    [one] Copy the one of { $region }
   *[other] Copy the { $count } of { $region }
}
images-back = Back to the images
images-id = Id
images-description = Description
images-owner = Owner
images-owner-you = this account
images-deprecated-since = Deprecated since
images-os = Operating system
images-os-linux = Linux
images-os-windows = Windows
images-os-other = another
images-platform = Platform
images-architecture = Architecture
images-boot = Boot mode
images-family = Family
images-storage = Disks lie
images-storage-snapshots = on snapshots
images-storage-file = in a local file, which is converted before it is copied
images-key = Encryption key
images-plain = none: its disks are not encrypted
images-origin = Copied from
images-its-copy = how that went
images-leaving = Being copied
images-leaving-count = { $count ->
    [one] one copy is being made
   *[other] { $count } copies are being made
}
images-leaving-to = the first, to { $region }
images-converted-into = Being converted into
images-exported-by = Being exported by
images-instances = Instances
images-no-instance = none uses it
images-instance-count = { $count ->
    [one] one uses it
   *[other] { $count } use it
}
images-shared-with = Shared with
images-with-nobody = nobody
images-disk = Disk
images-disk-system = System disk
images-disk-data = Data disk { $number }
images-snapshot = Snapshot
images-digest = Digest
images-copy-text = Copy
images-holds = { $held } held
images-watch-copy = How its copy goes
images-why-not = Why some actions are off
images-elsewhere = Where else it is
images-image = Image
images-likeness = Contents
images-alike-same = the same
images-alike-other = others, or not known yet
images-not-there = not there
images-copy-there = Copy there
images-history = What was done to it
images-when = When
images-what = What
images-changed = Changed
images-who = Who
images-by-ferry = Ferry itself
images-verify = Verify
images-verify-how = Reads all { $bytes } that it holds and compares each chunk with its id. Damage is set aside and never served.
images-verify-do = Verify every chunk
images-verify-large = Up to { $most } are verified from here. What holds more is read when the region’s operator scrubs it.
images-verify-busy = Another image is being verified just now. Try again in a moment.
images-verified = { $chunks ->
    [one] It is whole: one chunk was read, { $bytes }.
   *[other] It is whole: { $chunks } chunks were read, { $bytes }.
}
images-damaged = { $damaged ->
    [one] One of { $chunks } chunks is missing or damaged ({ $bytes } are good). Copy the image back from another region.
   *[other] { $damaged } of { $chunks } chunks are missing or damaged ({ $bytes } are good). Copy the image back from another region.
}
images-import-bucket = Import from a bucket
