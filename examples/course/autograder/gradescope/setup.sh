#!/usr/bin/env bash
# Runs once, when Gradescope builds the image.
apt-get update && apt-get install -y python3 python3-pip
pip3 install --break-system-packages fallline
