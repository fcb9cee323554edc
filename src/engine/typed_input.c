/* typed_input.c - an input file as a module wants it: bytes at any place, or in order.
 *
 * What is no plain file (a pipe, compressed, within an archive) is put into a temporary file first, unless the format is
 * read in order.
 */
#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "engine/typed_format.h"
#include "io/bytes.h"
#include "io/path.h"
#include "io/stream.h"

struct TypedInput {
  atomic_int refs;
  Engine *engine;
  const TableModule *module;
  uint32_t number; /* of the file */
  char *path;      /* for messages */
  FileBytes *bytes;
  InputStream *stream; /* in order */
  _Atomic uint64_t counted; /* of its bytes */
  TableSource source;
  TableFile *file;
  struct ArrowSchema schema;
  pthread_mutex_t lock;
  DcError failure; /* the first of a read */
};

static void count_bytes(const TypedInput *input, uint64_t bytes) {
  atomic_fetch_add(&input->engine->bytes_read, bytes);
  atomic_fetch_add(&input->engine->progress_bytes, bytes);
}

static int note_failure(TypedInput *input, const DcError *failure, TableError *error) {
  pthread_mutex_lock(&input->lock);
  if (input->failure.code == DC_OK) input->failure = *failure;
  pthread_mutex_unlock(&input->lock);
  *error = (TableError){.text = "the file cannot be read"};
  return -1;
}

/* Counts what was read since the last time. */
static void count_taken(TypedInput *input, uint64_t now) {
  uint64_t before = atomic_load(&input->counted);
  while (now > before && !atomic_compare_exchange_weak(&input->counted, &before, now)) continue;
  if (now > before) count_bytes(input, now - before);
}

static int read_at(void *self, uint64_t offset, void *data, uint64_t size, uint64_t *got, TableError *error) {
  TypedInput *input = self;
  DcError failure = {0};
  if (bytes_read_at(input->bytes, offset, data, size, got, &failure) != DC_OK) return note_failure(input, &failure, error);
  count_taken(input, bytes_taken(input->bytes));
  return 0;
}

static int read_next(void *self, void *data, uint64_t size, uint64_t *got, TableError *error) {
  TypedInput *input = self;
  size_t n = 0;
  DcError failure = {0};
  if (stream_read(input->stream, data, (size_t)size, &n, &failure) != DC_OK) return note_failure(input, &failure, error);
  *got = n;
  count_taken(input, stream_bytes(input->stream));
  return 0;
}

static bool stopped(void *self) {
  (void)self;
  return engine_interrupted();
}

DcCode typed_input_failed(const TypedInput *input, const TableError *error, DcError *err) {
  if (engine_interrupted()) return dc_fail_at(err, DC_INTERRUPTED, (Position){0}, "interrupted");
  if (input->failure.code == DC_OK) return typed_failed(input->path, error, err);
  *err = input->failure;
  return err->code;
}

/* --- Opening --- */

static DcCode spool(TypedInput *input, DcError *err) {
  enum { STEP = 256 << 10 };
  int fd;
  DC_TRY(engine_temp_file(input->engine, &fd, err));
  input->bytes = bytes_of_fd(fd, input->path);
  char *data = dc_alloc(STEP);
  DcCode code = DC_OK;
  uint64_t size = 0;
  for (size_t got = 1; got && code == DC_OK;) {
    code = engine_interrupted() ? dc_fail_at(err, DC_INTERRUPTED, (Position){0}, "interrupted") : stream_read(input->stream, data, STEP, &got, err);
    for (size_t done = 0; done < got && code == DC_OK;) {
      ssize_t n = write(fd, data + done, got - done);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) code = dc_fail_errno(err, errno, "cannot write a temporary file for %s", input->path);
      else done += (size_t)n;
    }
    size += code == DC_OK ? got : 0;
  }
  dc_free(data);
  stream_close(input->stream);
  input->stream = NULL;
  input->source.size = size;
  return code;
}

static DcCode open_bytes(TypedInput *input, const InputFile *file, DcError *err) {
  input->source = (TableSource){.self = input, .size = UINT64_MAX, .read_at = read_at, .read_next = read_next, .stopped = stopped};
  if (!input->module->in_order && input_seekable(file)) {
    DC_TRY(bytes_open(file, &input->bytes, err));
    input->source.slow = bytes_are_remote(input->bytes);
    return bytes_size(input->bytes, &input->source.size, err);
  }
  DC_TRY(stream_open(file, 0, UINT64_MAX, &input->stream, err));
  return input->module->in_order ? DC_OK : spool(input, err);
}

DcCode typed_input_open(Engine *engine, const LoadPlan *plan, uint32_t number, TypedInput **out, DcError *err) {
  const TypedOptions *options = plan->file.own;
  const InputFile *file = &plan->files.files[number];
  const TableModule *module;
  DC_TRY(typed_reading(options->format, &module, err));
  TypedInput *input = dc_alloc(sizeof *input);
  atomic_init(&input->refs, 1);
  input->engine = engine;
  input->module = module;
  input->number = number;
  input->path = path_copy(str_is(file->path, "-") ? str_of("standard input") : file->path);
  pthread_mutex_init(&input->lock, NULL);
  DcCode code = open_bytes(input, file, err);
  TableError error = {0};
  if (code == DC_OK && module->open(&input->source, options->options, options->count, &input->file, &input->schema, &error) != 0)
    code = typed_input_failed(input, &error, err);
  if (code == DC_OK) *out = input;
  else typed_input_close(input);
  return code;
}

TypedInput *typed_input_ref(TypedInput *input) {
  atomic_fetch_add(&input->refs, 1);
  return input;
}

void typed_input_close(TypedInput *input) {
  if (!input || atomic_fetch_sub(&input->refs, 1) != 1) return;
  if (input->file) input->module->close(input->file);
  if (input->schema.release) input->schema.release(&input->schema);
  stream_close(input->stream);
  bytes_close(input->bytes);
  pthread_mutex_destroy(&input->lock);
  dc_free(input->path);
  dc_free(input);
}

DcCode typed_input_take(Engine *engine, LoadPlan *plan, uint32_t number, TypedInput **out, DcError *err) {
  TypedInput *kept = plan->own;
  if (!kept || kept->number != number) return typed_input_open(engine, plan, number, out, err);
  *out = kept;
  plan->own = NULL;
  return DC_OK;
}

TableFile *typed_input_file(const TypedInput *input) { return input->file; }
const struct ArrowSchema *typed_input_schema(const TypedInput *input) { return &input->schema; }
const char *typed_input_path(const TypedInput *input) { return input->path; }
const TableModule *typed_input_module(const TypedInput *input) { return input->module; }
