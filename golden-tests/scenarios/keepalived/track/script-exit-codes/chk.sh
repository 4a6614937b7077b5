#!/bin/sh
. /tmp/scenario/code
