/* fault.h - failures on demand, so that tests can reach every error path of writing. */
#ifndef IO_FAULT_H
#define IO_FAULT_H

#include <stdbool.h>

/* The nth following write (1: the next) of a stage fails with "No space left on device"; 0 = off. */
void io_fail_after(int n);
/* The nth following rename of a stage's commit fails with "Input/output error"; 0 = off. */
void io_fail_rename_after(int n);

/* Commits find that the file system cannot exchange two names in one step; false: as it is. */
void io_refuse_exchange(bool refuse);

#endif
