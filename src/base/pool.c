/* pool.c - threads waiting for the next phase on one condition. */
#include "base/pool.h"

#include <pthread.h>
#include <signal.h>

#include "base/mem.h"

typedef struct Worker {
  Pool *pool;
  int number;
  pthread_t thread;
} Worker;

struct Pool {
  int threads, started;
  Worker *workers; /* [0] is the caller and has no thread */
  pthread_mutex_t lock;
  pthread_cond_t begin, done;
  unsigned long phase;
  int count, running;
  void (*work)(void *, int);
  void *argument;
  int stop;
};

Pool *pool_new(int threads) {
  Pool *pool = dc_alloc(sizeof *pool);
  pool->threads = threads < 1 ? 1 : threads;
  pool->workers = dc_alloc((size_t)pool->threads * sizeof *pool->workers);
  pool->started = 1;
  pthread_mutex_init(&pool->lock, NULL);
  pthread_cond_init(&pool->begin, NULL);
  pthread_cond_init(&pool->done, NULL);
  return pool;
}

int pool_threads(const Pool *pool) { return pool->threads; }

static void *serve(void *argument) {
  Worker *worker = argument;
  Pool *pool = worker->pool;
  unsigned long seen = 0;
  pthread_mutex_lock(&pool->lock);
  for (;;) {
    while (!pool->stop && (pool->phase == seen || worker->number >= pool->count)) {
      seen = pool->phase;
      pthread_cond_wait(&pool->begin, &pool->lock);
    }
    if (pool->stop) break;
    seen = pool->phase;
    pthread_mutex_unlock(&pool->lock);
    pool->work(pool->argument, worker->number);
    pthread_mutex_lock(&pool->lock);
    if (--pool->running == 0) pthread_cond_signal(&pool->done);
  }
  pthread_mutex_unlock(&pool->lock);
  return NULL;
}

/* Signals are for the main thread: workers block all of them. A thread that the system refuses is done without. */
static void start(Pool *pool, int count) {
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  for (; pool->started < count; pool->started++) {
    Worker *worker = &pool->workers[pool->started];
    worker->pool = pool;
    worker->number = pool->started;
    if (pthread_create(&worker->thread, NULL, serve, worker) != 0) {
      pool->threads = pool->started;
      break;
    }
  }
  pthread_sigmask(SIG_SETMASK, &old, NULL);
}

void pool_run(Pool *pool, int count, void (*work)(void *, int), void *argument) {
  if (count <= 0 || count > pool->threads) count = pool->threads;
  if (count > pool->started) start(pool, count);
  if (count > pool->threads) count = pool->threads;
  if (count > 1) {
    pthread_mutex_lock(&pool->lock);
    pool->work = work;
    pool->argument = argument;
    pool->count = count;
    pool->running = count - 1;
    pool->phase++;
    pthread_cond_broadcast(&pool->begin);
    pthread_mutex_unlock(&pool->lock);
  }
  work(argument, 0);
  if (count > 1) {
    pthread_mutex_lock(&pool->lock);
    while (pool->running) pthread_cond_wait(&pool->done, &pool->lock);
    pool->count = 0;
    pthread_mutex_unlock(&pool->lock);
  }
}

void pool_free(Pool *pool) {
  if (!pool) return;
  pthread_mutex_lock(&pool->lock);
  pool->stop = 1;
  pthread_cond_broadcast(&pool->begin);
  pthread_mutex_unlock(&pool->lock);
  for (int i = 1; i < pool->started; i++) pthread_join(pool->workers[i].thread, NULL);
  pthread_mutex_destroy(&pool->lock);
  pthread_cond_destroy(&pool->begin);
  pthread_cond_destroy(&pool->done);
  dc_free(pool->workers);
  dc_free(pool);
}
