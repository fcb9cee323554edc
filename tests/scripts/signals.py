"""signals.py DCETL WORK [stdin]: sends SIGINT and SIGTERM at several moments of WORK/job.tdl."""
import os, signal, subprocess, sys, time

dcetl, work = sys.argv[1:3]
stdin = len(sys.argv) > 3
hit = 0
for number, want in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
    for delay in (0.05, 0.3, 0.8) if not stdin else (0.3,):
        out = work + '/out'
        command = [dcetl, work + '/job.tdl', '-v', 'OUT=' + out, '-v', 'IN=' + ('-' if stdin else work + '/a.csv'), '-m', '64M']
        started = time.time()
        p = subprocess.Popen(command, stdin=subprocess.PIPE if stdin else subprocess.DEVNULL, stderr=subprocess.PIPE)
        time.sleep(delay)
        p.send_signal(number)
        sent = time.time()
        try:
            p.wait(20)
        except subprocess.TimeoutExpired:
            p.kill()
            sys.exit('signal %d after %.2f s: still running after 20 s%s' % (number, delay, ' (it waits for standard input)' if stdin else ''))
        err = p.stderr.read()
        took = time.time() - sent
        if p.returncode == 0 and not stdin:  # it was faster than the signal
            subprocess.run(['rm', '-rf', out], check=True)
            continue
        hit += 1
        if p.returncode != want:
            sys.exit('signal %d after %.2f s: status %d, expected %d: %s' % (number, delay, p.returncode, want, err.decode()[-500:]))
        if os.path.exists(out):
            sys.exit('signal %d after %.2f s: output was left: %s' % (number, delay, os.listdir(out)[:5]))
        if took > 5:
            sys.exit('signal %d: it took %.1f s to stop' % (number, took))
        if err.decode().count('error') > 1:
            sys.exit('more than one message: ' + err.decode())
if not hit:
    sys.exit('no signal came in time')
