/* progress.h - the progress line on a terminal: a thread that looks at the engine five times a second. */
#ifndef RUN_PROGRESS_H
#define RUN_PROGRESS_H

#include "base/log.h"
#include "engine/dataset.h"

typedef struct ProgressBar ProgressBar;

/* Starts the thread. The engine and the log must outlive it. NULL when no thread can be made. */
ProgressBar *progress_start(const Engine *engine, Log *log);
/* The statement that runs now; any thread may ask for the line meanwhile. */
void progress_statement(ProgressBar *bar, int number, uint32_t line);
/* Ends the thread and wipes the line; NULL is fine. */
void progress_stop(ProgressBar *bar);

#endif
