#!/bin/sh
id >> /tmp/who
