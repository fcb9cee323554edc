/* pool.h - worker threads that run phases.
 *
 * A phase is one function run by all workers at once (the caller is worker 0) that returns when each has returned. Work
 * is handed out inside the phase (an atomic counter, a locked reader). Threads start with the first phase that needs
 * them. Each worker has its own DcError; the caller decides which to report.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

typedef struct Pool Pool;

Pool *pool_new(int threads); /* at least 1 */
void pool_free(Pool *pool);
int pool_threads(const Pool *pool);
/* Run work(argument, worker) for worker = 0 … count-1 (count ≤ threads; 0: all). */
void pool_run(Pool *pool, int count, void (*work)(void *argument, int worker), void *argument);

#endif
