/* fault.h - one failure on demand, so that a test can walk through every place that can fail. */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <stdbool.h>

/* The nth following call of fault_due, in any thread, says true; 0: none does. */
void fault_after(int n);
/* The nth following call ends the process by SIGKILL, as a power cut would; 0: none does. Both may be set. */
void fault_kill_after(int n);
/* Asked where memory for data is taken, and files are made, read, written and renamed. */
bool fault_due(void);

#endif
