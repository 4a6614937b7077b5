#!/bin/sh
test -e /tmp/scenario/hang || exit 0
rm /tmp/scenario/hang
exec sleep 1000
