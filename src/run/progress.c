/* progress.c - one line: statement, rows, bytes, rate, time left. Nothing is shown in the first second. */
#include "run/progress.h"

#include <errno.h>
#include <stdatomic.h>
#include <time.h>

struct ProgressBar {
  const Engine *engine;
  Log *log;
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t stop_asked;
  bool stop; /* under lock */
  atomic_int number;
  atomic_uint line;
};

enum { WAKE_MILLISECONDS = 200 };

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* 1234567 as 1.2M. */
static void put_amount(Buf *out, double amount) {
  static const char units[] = " kMGTP";
  size_t unit = 0;
  while (amount >= 1000 && units[unit + 1]) amount /= 1000, unit++;
  buf_printf(out, unit && amount < 100 ? "%.1f" : "%.0f", amount);
  if (unit) buf_char(out, units[unit]);
}

static void put_time(Buf *out, double seconds) {
  long whole = (long)(seconds + 0.5);
  if (whole >= 3600) buf_printf(out, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
  else buf_printf(out, "%ld:%02ld", whole / 60, whole % 60);
}

static void draw(ProgressBar *bar, double since) {
  Progress progress = {0};
  engine_progress(bar->engine, &progress);
  double elapsed = now() - since, rate = elapsed > 0 ? (double)progress.bytes / elapsed : 0;
  Buf line = {0};
  buf_printf(&line, "statement %d, line %u: ", atomic_load(&bar->number), atomic_load(&bar->line));
  put_amount(&line, (double)progress.rows);
  buf_text(&line, " rows, ");
  put_amount(&line, (double)progress.bytes);
  buf_text(&line, "B, ");
  put_amount(&line, rate);
  buf_text(&line, "B/s");
  if (progress.total_bytes && progress.bytes <= progress.total_bytes && rate > 0) {
    buf_printf(&line, ", %d%%, ", (int)(100.0 * (double)progress.bytes / (double)progress.total_bytes));
    put_time(&line, (double)(progress.total_bytes - progress.bytes) / rate);
    buf_text(&line, " left");
  }
  log_status(bar->log, str_make(line.data, line.len));
  buf_free(&line);
}

/* Waits for one period; false: the end was asked for. */
static bool wait_period(ProgressBar *bar) {
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_nsec += WAKE_MILLISECONDS * 1000000L;
  if (until.tv_nsec >= 1000000000L) until.tv_nsec -= 1000000000L, until.tv_sec++;
  pthread_mutex_lock(&bar->lock);
  int code = 0;
  while (!bar->stop && code != ETIMEDOUT) code = pthread_cond_timedwait(&bar->stop_asked, &bar->lock, &until);
  bool stop = bar->stop;
  pthread_mutex_unlock(&bar->lock);
  return !stop;
}

static void *run(void *self) {
  ProgressBar *bar = self;
  double start = now(), since = start;
  int number = atomic_load(&bar->number);
  while (wait_period(bar)) {
    if (atomic_load(&bar->number) != number) { /* the rate is that of this statement */
      number = atomic_load(&bar->number);
      since = now();
    }
    if (now() - start >= 1) draw(bar, since);
  }
  log_status(bar->log, (Str){0});
  return NULL;
}

ProgressBar *progress_start(const Engine *engine, Log *log) {
  ProgressBar *bar = dc_alloc(sizeof *bar);
  bar->engine = engine;
  bar->log = log;
  atomic_init(&bar->number, 0);
  atomic_init(&bar->line, 0);
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&bar->stop_asked, &attributes);
  pthread_condattr_destroy(&attributes);
  pthread_mutex_init(&bar->lock, NULL);
  if (pthread_create(&bar->thread, NULL, run, bar) == 0) return bar;
  pthread_cond_destroy(&bar->stop_asked);
  pthread_mutex_destroy(&bar->lock);
  dc_free(bar);
  return NULL;
}

void progress_statement(ProgressBar *bar, int number, uint32_t line) {
  if (!bar) return;
  atomic_store(&bar->number, number);
  atomic_store(&bar->line, line);
}

void progress_stop(ProgressBar *bar) {
  if (!bar) return;
  pthread_mutex_lock(&bar->lock);
  bar->stop = true;
  pthread_cond_signal(&bar->stop_asked);
  pthread_mutex_unlock(&bar->lock);
  pthread_join(bar->thread, NULL);
  pthread_cond_destroy(&bar->stop_asked);
  pthread_mutex_destroy(&bar->lock);
  dc_free(bar);
}
