/* interrupt.h - the wish of a signal that the run ends, and waiting that heeds it. */
#ifndef BASE_INTERRUPT_H
#define BASE_INTERRUPT_H

#include <stdbool.h>

/* Sets and asks the flag of the process; async-signal-safe. It stays set until a session that goes on clears it. */
void interrupt_set(void);
bool interrupt_asked(void);
void interrupt_clear(void);
/* Waits until fd, which may be a pipe, can be read (POLLIN) or written (POLLOUT); false: the flag is set. In any thread:
   the signal itself may be delivered to another one. What else can happen to fd counts as ready, so that the read or
   write says it. */
bool interrupt_wait(int fd, short events);

#endif
