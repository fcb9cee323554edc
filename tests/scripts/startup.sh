#!/bin/sh
# From start to exit of an empty script: under 5 ms of wall time and 3 ms of CPU (the best of 40).
. tests/scripts/lib.sh.inc
[ -z "${QUICK:-}" ] || skip "only for the normal build"
: >"$work/empty.tdl"
python3 - "$dcetl" "$work/empty.tdl" <<'END'
import os, sys, time
best = [9, 9]
for _ in range(40):
    start = time.perf_counter()
    pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
    _, status, usage = os.wait4(pid, 0)
    best = [min(best[0], time.perf_counter() - start), min(best[1], usage.ru_utime + usage.ru_stime)]
    assert status == 0
print('wall %.2f ms, CPU %.2f ms' % (best[0] * 1e3, best[1] * 1e3))
sys.exit(not (best[0] < 0.005 and best[1] < 0.003))
END
