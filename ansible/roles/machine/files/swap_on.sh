#!/bin/sh
# Uses /swapfile, and makes it before where it is missing: no image carries one about.
set -eu
umask 077
if [ ! -e /swapfile ]; then
  rm -f /swapfile.new
  fallocate -l "$1" /swapfile.new
  mkswap /swapfile.new
  mv /swapfile.new /swapfile
fi
swapon /swapfile
