/* engine.c - the engine's life, statement accounting, warnings, and where an origin lies in its file. */
#include "engine/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/interrupt.h"
#include "engine/system.h"
#include "engine/typed_guard.h"
#include "engine/view.h"
#include "io/archive.h"
#include "io/stream.h"

bool engine_interrupted(void) { return interrupt_asked(); }

static uint64_t read_number(const char *path) {
  char text[64] = "";
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return UINT64_MAX;
  ssize_t got = read(fd, text, sizeof text - 1);
  close(fd);
  if (got <= 0 || text[0] < '0' || text[0] > '9') return UINT64_MAX; /* "max" */
  return strtoull(text, NULL, 10);
}

/* 60 % of what the machine, or the cgroup we live in, has. */
static uint64_t default_memory(void) {
  uint64_t ram = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
  uint64_t v2 = read_number("/sys/fs/cgroup/memory.max");
  uint64_t v1 = read_number("/sys/fs/cgroup/memory/memory.limit_in_bytes");
  if (v2 < ram) ram = v2;
  if (v1 < ram) ram = v1;
  return ram / 10 * 6;
}

DcCode engine_new(const EngineOptions *options, Engine **out, DcError *err) {
  Engine *engine = dc_alloc(sizeof *engine);
  engine->options = *options;
  engine->bad_fd = -1;
  if (!engine->options.memory) engine->options.memory = default_memory();
  if (engine->options.memory < (8u << 20)) engine->options.memory = 8u << 20;
  if (engine->options.threads <= 0) engine->options.threads = (int)sysconf(_SC_NPROCESSORS_ONLN);
  const char *temp = options->temp_dir ? options->temp_dir : getenv("TMPDIR");
  if (!temp || !*temp) temp = "/tmp";
  engine->temp_dir = dc_alloc(strlen(temp) + 1);
  memcpy(engine->temp_dir, temp, strlen(temp));
  engine->budget = budget_new(engine->options.memory);
  remote_use_budget(engine->budget);
  uint64_t most = engine->options.memory / (engine_block_size(engine) * 8); /* each worker needs a few blocks */
  if ((uint64_t)engine->options.threads > most) engine->options.threads = most ? (int)most : 1;
  engine->pool = pool_new(engine->options.threads);
  pthread_mutex_init(&engine->lock, NULL);
  if (options->bad_records == BAD_CAPTURE) {
    const char *path = options->bad_records_path ? options->bad_records_path : "bad-records.jsonl";
    engine->options.bad_records_path = path;
    engine->bad_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (engine->bad_fd < 0) {
      dc_fail_errno(err, errno, "cannot write \"%s\"", path);
      engine_free(engine);
      return err->code;
    }
  }
  if (options->fail_at) fault_after(options->fail_at);
  if (options->die_at) fault_kill_after(options->die_at);
  *out = engine;
  return DC_OK;
}

void engine_free(Engine *engine) {
  if (!engine) return;
  system_ends_free(engine);
  pool_free(engine->pool);
  guard_end();
  entry_clear_shelf();
  remote_use_budget(NULL);
  budget_free(engine->budget);
  for (TextFormat *format = engine->formats, *next; format; format = next) {
    next = format->next;
    dc_free(format->column_field);
    dc_free(format);
  }
  if (engine->bad_fd >= 0) close(engine->bad_fd);
  dc_free(engine->sources);
  arena_free(&engine->arena);
  dc_free(engine->temp_dir);
  pthread_mutex_destroy(&engine->lock);
  dc_free(engine);
}

size_t engine_block_size(const Engine *engine) {
  size_t size = engine->options.memory / 64; /* not by threads: where blocks end shows in compressed outputs */
  size_t most = 2u << 20;
  if (size > most) size = most;
  return size < (128u << 10) ? 128u << 10 : size;
}

void worker_init(Worker *worker, Engine *engine, int number) {
  memset(worker, 0, sizeof *worker);
  worker->engine = engine;
  worker->number = number;
  worker->eval.call.arena = &worker->scratch;
  worker->eval.names = NAMES_AS_RECORD;
  worker->eval.max_depth = 1000;
  worker->eval.interrupted = engine_interrupted;
}

void worker_free(Worker *worker) {
  if (worker->eval.call.zero_divisions)
    atomic_fetch_add(&worker->engine->zero_divisions, worker->eval.call.zero_divisions);
  call_context_deinit(&worker->eval.call);
  arena_free(&worker->scratch);
}

/* --- Statements --- */

static double now(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void engine_begin_statement(Engine *engine, int number, Position pos, StatementStats *stats) {
  engine->stats = stats;
  engine->statement_number = number;
  engine->statement_pos = pos;
  engine->counted_base = NULL;
  if (!stats) return;
  engine->started = now(CLOCK_MONOTONIC);
  engine->cpu_started = now(CLOCK_PROCESS_CPUTIME_ID);
  budget_reset_peak(engine->budget);
  atomic_store(&engine->bytes_read, 0);
  atomic_store(&engine->bytes_written, 0);
  atomic_store(&engine->bytes_spilled, 0);
  atomic_store(&engine->rows_copied, 0);
}

static void warn_count(Engine *engine, atomic_ullong *counter, const char *one, const char *many) {
  unsigned long long n = atomic_exchange(counter, 0);
  if (n) engine_warn(engine, engine->statement_pos, "%llu %s", n, n == 1 ? one : many);
}

static void warn_counts(Engine *engine) {
  static const char *const bad[][2] = {{"bad record failed", "bad records failed"},
                                       {"bad record was read as NULL", "bad records were read as NULL"},
                                       {"bad record was skipped", "bad records were skipped"},
                                       {"bad record was captured", "bad records were captured"}};
  const char *const *words = bad[engine->options.bad_records];
  warn_count(engine, &engine->zero_divisions, "division by zero gave NULL", "divisions by zero gave NULL");
  warn_count(engine, &engine->null_keys, "record has a NULL key and went to partition 0", "records have a NULL key and went to partition 0");
  warn_count(engine, &engine->extra_fields, "row has more fields than columns; the extra ones were left out",
             "rows have more fields than columns; the extra ones were left out");
  warn_count(engine, &engine->bad_records, words[0], words[1]);
}

void engine_end_statement(Engine *engine) {
  StatementStats *stats = engine->stats;
  if (stats) {
    stats->seconds += now(CLOCK_MONOTONIC) - engine->started;
    stats->cpu_seconds += now(CLOCK_PROCESS_CPUTIME_ID) - engine->cpu_started;
    stats->peak_memory = budget_peak(engine->budget);
    stats->bytes_read = atomic_load(&engine->bytes_read);
    stats->bytes_written = atomic_load(&engine->bytes_written);
    stats->bytes_spilled = atomic_load(&engine->bytes_spilled);
    stats->rows_copied = atomic_load(&engine->rows_copied);
  }
  warn_counts(engine);
  engine->stats = NULL;
}

void engine_progress(const Engine *engine, Progress *out) {
  out->rows = atomic_load(&engine->progress_rows);
  out->bytes = atomic_load(&engine->progress_bytes);
  out->total_bytes = atomic_load(&engine->progress_total);
}

void engine_on_warning(Engine *engine, void (*warn)(void *, Position, const char *), void *self) {
  engine->warn = warn;
  engine->warn_self = self;
}

void engine_warn(Engine *engine, Position pos, const char *format, ...) {
  char text[1024];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  if (engine->warn) engine->warn(engine->warn_self, pos, text);
}

/* --- Sources and origins --- */

uint64_t engine_source(Engine *engine, const SourceInfo *info) {
  pthread_mutex_lock(&engine->lock);
  VEC_GROW(engine->sources, engine->source_count, engine->source_cap);
  SourceInfo *made = &engine->sources[engine->source_count];
  *made = *info;
  made->file = input_copy(&info->file, &engine->arena);
  uint64_t number = engine->source_count++;
  pthread_mutex_unlock(&engine->lock);
  return number;
}

/* Newlines before offset in the decompressed file; -1 when it cannot be read again (standard input, a pipe). */
static int64_t count_lines(const InputFile *file, uint64_t offset) {
  enum { FAR = 256 << 20 }; /* of a file elsewhere, too much to read again for the number of a line */
  DcError ignored = {0};
  InputStream *stream = NULL;
  if (!file->regular || (file->remote && offset > FAR) || stream_open(file, 0, UINT64_MAX, &stream, &ignored) != DC_OK) return -1;
  enum { STEP = 256 << 10 };
  char *data = dc_alloc(STEP);
  int64_t lines = 0;
  uint64_t at = 0;
  while (at < offset) {
    size_t want = offset - at < STEP ? (size_t)(offset - at) : STEP, got;
    if (stream_read(stream, data, want, &got, &ignored) != DC_OK || !got) break;
    for (const char *p = data; (p = memchr(p, '\n', (size_t)(data + got - p))); p++) lines++;
    at += got;
  }
  dc_free(data);
  stream_close(stream);
  return lines;
}

void engine_describe_origin(Engine *engine, uint64_t origin, char *out, size_t size) {
  pthread_mutex_lock(&engine->lock);
  uint64_t number = origin_source(origin);
  SourceInfo info = {0};
  bool known = number < engine->source_count;
  if (known) info = engine->sources[number];
  pthread_mutex_unlock(&engine->lock);
  uint64_t offset = origin_offset(origin);
  if (!known || info.made) {
    snprintf(out, size, "%llu", (unsigned long long)offset + 1);
    return;
  }
  const char *name = str_is(info.file.path, "-") ? "standard input" : info.file.path.data;
  if (info.rows) {
    snprintf(out, size, "%s row %llu", name, (unsigned long long)offset + 1);
    return;
  }
  int64_t lines = count_lines(&info.file, offset);
  if (lines < 0) snprintf(out, size, "at byte %llu of %s", (unsigned long long)offset, name);
  else snprintf(out, size, "%s line %lld", name, (long long)lines + 1);
}

DcCode engine_temp_file(Engine *engine, int *fd, DcError *err) {
  if (fault_due()) return dc_fail_errno(err, ENOSPC, "cannot make a temporary file in \"%s\"", engine->temp_dir);
  *fd = open(engine->temp_dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (*fd >= 0) return DC_OK;
  Buf path = {0}; /* file systems without unnamed files */
  buf_printf(&path, "%s/dcetl-XXXXXX%c", engine->temp_dir, 0);
  *fd = mkostemp(path.data, O_CLOEXEC);
  int number = errno;
  if (*fd >= 0) unlink(path.data);
  buf_free(&path);
  if (*fd >= 0) return DC_OK;
  dc_fail_errno(err, number, "cannot make a temporary file in \"%s\"", engine->temp_dir);
  dc_hint(err, "--temp-dir names another folder");
  return err->code;
}
