#!/bin/sh
# examples/pipeline, ended behind each step and started again; demo.sh checks what came out.
[ -n "${DCETL_TEST_MARIADB:-}" ] && command -v mariadb >/dev/null || { echo "pipeline.sh: skipped: MariaDB is not there" && exit 77; }
exec sh examples/pipeline/demo.sh
