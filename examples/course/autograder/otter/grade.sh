#!/usr/bin/env bash
# Grade one file as `otter run` does: grade.sh SUBMISSION RESULTS
fallline check "$1:gradient" --network 4-5-3 --activation tanh --reduction mean --hint 2 --format otter --points 10 > "$2"
[ -s "$2" ] # 1 if nothing could be graded
