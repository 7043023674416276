# Sourced by the scripts beside it: where this machine gets Debian from, and file systems without mounting.

# The first mirror in apt's own sources, one-line or deb822, that serves Debian's main archive.
apt_mirror() {
  cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
    sed -n -E 's/^deb +(\[[^]]*\] +)?([^ ]+) .*/\2/p; s/^URIs: *([^ ]+).*/\1/p' |
    grep -E '/(debian|ubuntu)/?$' | head -n 1
}

# The release that this machine runs, so that its own archive keys and scripts fit.
apt_suite() { . /etc/os-release && printf '%s\n' "${VERSION_CODENAME:-stable}"; }

# debootstrap does not read apt's settings, so that a proxy must be handed to it.
apt_proxy() {
  [[ -n ${http_proxy:-} ]] && { printf '%s\n' "$http_proxy"; return; }
  apt-config dump 2>/dev/null | sed -n -E 's/^Acquire::http::Proxy "([^"]*)".*/\1/p' | head -n 1
}

# bootstrap FOLDER LOG [PACKAGE,PACKAGE...]: a minimal Debian in FOLDER.
bootstrap() {
  local folder=$1 log=$2 packages=${3:-} mirror proxy
  mirror=$(apt_mirror); proxy=$(apt_proxy)
  [[ $(id -u) == 0 && -n $mirror ]] && command -v debootstrap >/dev/null || return 1
  rm -rf "$folder"
  http_proxy=$proxy debootstrap --variant=minbase ${packages:+--include="$packages"} \
    "$(apt_suite)" "$folder" "$mirror" >"$log" 2>&1
}

# ext4 FILE SIZE FOLDER: a file system of that size with that folder's files. The same input gives the same layout.
ext4() {
  rm -f "$1"
  E2FSPROGS_FAKE_TIME=1700000000 PATH=$PATH:/usr/sbin:/sbin mke2fs -q -F -t ext4 -L ferry \
    -U 0f0e7279-0000-4000-8000-0000000000aa \
    -E hash_seed=0f0e7279-0000-4000-8000-0000000000bb,lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0 \
    -d "$3" "$1" "$2"
}
