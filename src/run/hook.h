/* hook.h - the command that option raise_hook names: it is told what RAISE says, and why a run ends. */
#ifndef RUN_HOOK_H
#define RUN_HOOK_H

#include "run/options.h"

/* Runs the command by /bin/sh when level is that of option raise_hook_level or above, and waits for it. The message is its standard input and
   DCETL_HOOK_MESSAGE, the level DCETL_HOOK_LEVEL, the place in the script, if there is one, DCETL_HOOK_PLACE ("job.tdl:12"). What it prints goes to
   standard error. A command that fails, or takes longer than raise_hook_timeout and is ended, is a warning in log; a run that is to end does not
   wait for it any longer. */
void hook_call(const Settings *settings, Log *log, LogLevel level, Position pos, Str message);

#endif
