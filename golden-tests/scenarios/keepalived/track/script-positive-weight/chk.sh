#!/bin/sh
exec test ! -e /tmp/scenario/bad
