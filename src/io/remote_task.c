/* remote_task.c - threads that wait for networks, and the memory of buffers on their way to or from them.
 *
 * The threads are made as they are needed and stay to the end of the program; an idle one costs nothing but its stack.
 */
#include <pthread.h>
#include <signal.h>

#include "io/remote.h"

enum { MOST_THREADS = 16 };

typedef struct Task {
  void (*work)(void *self);
  void *self;
  struct Task *next;
} Task;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t added = PTHREAD_COND_INITIALIZER;
static Task *first, *last;
static int threads, idle;

static void *serve(void *unused) {
  (void)unused;
  pthread_mutex_lock(&lock);
  for (;;) {
    idle++;
    while (!first) pthread_cond_wait(&added, &lock);
    idle--;
    Task task = *first;
    dc_free(first);
    first = task.next;
    if (!first) last = NULL;
    pthread_mutex_unlock(&lock);
    task.work(task.self);
    remote_give_up(NULL);
    pthread_mutex_lock(&lock);
  }
  return NULL;
}

/* Signals go to the main thread. */
static bool start_thread(void) {
  sigset_t all, before;
  pthread_t thread;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  bool ok = pthread_create(&thread, NULL, serve, NULL) == 0;
  if (ok) pthread_detach(thread);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return ok;
}

void remote_background(void (*work)(void *self), void *self) {
  pthread_mutex_lock(&lock);
  size_t waiting = 0;
  for (const Task *task = first; task && waiting < MOST_THREADS; task = task->next) waiting++;
  if ((size_t)idle <= waiting && threads < MOST_THREADS && start_thread()) threads++;
  bool alone = !threads; /* the system gives no thread */
  if (!alone) {
    Task *task = dc_alloc(sizeof *task);
    *task = (Task){work, self, NULL};
    *(last ? &last->next : &first) = task;
    last = task;
    pthread_cond_signal(&added);
  }
  pthread_mutex_unlock(&lock);
  if (alone) work(self);
}

/* ---- memory ---- */

static Budget *given, *own;

void remote_use_budget(Budget *budget) {
  pthread_mutex_lock(&lock);
  given = budget;
  pthread_mutex_unlock(&lock);
}

Budget *remote_budget(void) {
  pthread_mutex_lock(&lock);
  if (!given && !own) own = budget_new(UINT64_C(256) << 20);
  Budget *budget = given ? given : own;
  pthread_mutex_unlock(&lock);
  return budget;
}

uint64_t remote_room(void) { return budget_limit(remote_budget()) / 8; }
