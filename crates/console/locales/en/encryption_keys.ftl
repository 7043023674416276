encryption-keys-title = Encryption keys
encryption-keys-what = What a key seals is stored as ciphertext, and read only while the key is enabled. Each region has its own keys.
encryption-keys-of = Encryption keys of { $region }
encryption-keys-create = Create key
encryption-keys-create-in = Create key in { $region }
encryption-keys-none = No encryption keys here yet
encryption-keys-none-how = The first encrypted copy makes the default one; others are made by hand.
encryption-keys-id = Key id
encryption-keys-state = Status
encryption-keys-seals = Seals
encryption-keys-seals-what = { $images ->
    [one] one image
   *[other] { $images } images
}, { $snapshots ->
    [one] one snapshot
   *[other] { $snapshots } snapshots
}
encryption-keys-versions = Versions
encryption-keys-created = Created
encryption-keys-actions = Actions
encryption-keys-default = default
encryption-keys-enabled = Enabled
encryption-keys-disabled = Disabled
encryption-keys-pending = Pending deletion
encryption-keys-deleted = Deleted
encryption-keys-goes = goes
encryption-keys-enable = Enable
encryption-keys-keep = Cancel deletion
encryption-keys-disable = Disable
encryption-keys-rotate = Rotate
encryption-keys-delete = Delete
encryption-keys-made = Encryption key { $key } was created.
encryption-keys-disable-title = Disable encryption key in { $region }
encryption-keys-disable-locks = Until it is enabled again, nobody can read what it seals ({ $images ->
    [one] one image
   *[other] { $images } images
}, { $snapshots ->
    [one] one snapshot
   *[other] { $snapshots } snapshots
}): no instance, no copy, no export.
encryption-keys-disable-stops = Copies that use it stop where they are, and go on once it is enabled.
encryption-keys-disabled-now = Encryption key { $key } is disabled.
encryption-keys-enabled-now = Encryption key { $key } is enabled.
encryption-keys-rotate-title = Rotate encryption key in { $region }
encryption-keys-rotate-will = From now on, what is new is sealed with version { $version }. What older versions sealed stays readable, and nothing is written anew.
encryption-keys-rotated-now = Encryption key { $key } has a new version.
encryption-keys-delete-title = Delete encryption key in { $region }
encryption-keys-delete-will = The key is disabled at once. On the day it goes for good, and nobody can ever read what it sealed: not you, not the operator, from no backup without the key. Until then the deletion can be cancelled.
encryption-keys-days = Days to wait
encryption-keys-days-hint = 7 to 30.
encryption-keys-delete-loses = It seals { $images ->
    [one] one image
   *[other] { $images } images
} and { $snapshots ->
    [one] one snapshot
   *[other] { $snapshots } snapshots
}: they may be lost
encryption-keys-delete-loses-hint = Without this tick the key stays while anything is sealed with it.
encryption-keys-delete-do = Schedule deletion
encryption-keys-doomed = Encryption key { $key } is disabled, and goes for good on { $at }.
encryption-keys-not-now = Not now
