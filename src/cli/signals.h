/* signals.h - SIGINT and SIGTERM ask the running statement to end. */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

/* From now on a signal sets the flag of base/interrupt.h. */
void signals_catch(void);
/* The number of the last signal that came; 0: none. */
int signals_caught(void);
/* The session goes on: forget the signal and its wish. */
void signals_forget(void);

#endif
