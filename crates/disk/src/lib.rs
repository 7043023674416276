//! Disk image files in and out: raw, qcow2, vmdk, vhd. Opens nothing named inside an image; knows no chunks, regions or network.
