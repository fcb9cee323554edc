/* system_reader.c - hands out the rows of a system's partitions.
 *
 * Rows are handed out in the order of the partitions, and how many a partition has is known only when it has ended. So workers that
 * find the one whose turn it is busy read others ahead, as far as there is room for what waits; arrays become batches when they are
 * handed out, by all workers. No stream belongs to a worker: whoever comes goes on with it.
 */
#include <pthread.h>
#include <time.h>

#include "engine/system.h"

enum { MOST_ROWS = 64 << 10 };

typedef struct Held {
  struct ArrowArray array;
  uint64_t bytes; /* about */
} Held;

/* A partition. */
typedef struct Stream {
  const Segment *segment;
  uint32_t part;       /* of the pass */
  struct ArrowArrayStream stream;
  struct ArrowSchema schema;
  bool opened, busy, ended; /* busy: a worker is at its stream */
  Held *held;          /* arrays that wait, from `first` */
  size_t first, count, cap;
  uint64_t row;        /* of the next array */
  DcError failure;     /* is met when its turn comes */
} Stream;

typedef struct SystemReader {
  Reader reader;
  Dataset *node;
  const SystemSource *source;
  Stream *streams;
  size_t count, turn;
  uint8_t *marks;      /* columns of the plan that are asked for */
  int *fields;         /* of the streams' columns, for the node's; -1: absent */
  uint32_t field_count, most_rows;
  size_t ahead;        /* partitions that may be open at once */
  uint64_t bytes, room;
  uint64_t seq, limit;
  pthread_mutex_t lock;
  pthread_cond_t changed;
} SystemReader;

/* --- Streams: called by the one worker that made it busy --- */

static const char *name_of(const SystemReader *reader, const Stream *stream) { return reader->node->load->files.files[stream->segment->file].path.data; }

static DcCode module_failed(const SystemReader *reader, const Stream *stream, const TableError *error, DcError *err) {
  if (engine_interrupted()) return dc_fail_at(err, DC_INTERRUPTED, (Position){0}, "interrupted");
  return typed_failed(name_of(reader, stream), error, err);
}

static DcCode open_stream(const SystemReader *reader, Stream *stream, DcError *err) {
  const SystemSource *source = reader->source;
  TableError error = {0};
  stream->opened = true;
  uint32_t part = stream->segment->file;
  if (source->link->module->read(source->plan ? source->plan : source->parts[part], source->plan ? part : 0, reader->marks, reader->most_rows, &stream->stream, &error) != 0) {
    stream->stream.release = NULL;
    return module_failed(reader, stream, &error, err);
  }
  if (stream->stream.get_schema(&stream->stream, &stream->schema) == 0) return DC_OK;
  error = typed_stream_error(&stream->stream);
  return module_failed(reader, stream, &error, err);
}

/* What it has given may still be imported by others, by its schema, which stays until the reader's end. */
static void close_stream(Stream *stream) {
  if (stream->stream.release) stream->stream.release(&stream->stream);
  stream->stream.release = NULL;
}

/* The next array that has rows; its release stays NULL at the end. */
static DcCode fetch(const SystemReader *reader, Stream *stream, struct ArrowArray *out, DcError *err) {
  if (!stream->opened) DC_TRY(open_stream(reader, stream, err));
  for (;;) {
    if (engine_interrupted()) return dc_fail_at(err, DC_INTERRUPTED, (Position){0}, "interrupted");
    *out = (struct ArrowArray){.release = NULL};
    if (stream->stream.get_next(&stream->stream, out) != 0) {
      TableError error = typed_stream_error(&stream->stream);
      out->release = NULL;
      return module_failed(reader, stream, &error, err);
    }
    if (!out->release || out->length > 0) return DC_OK;
    out->release(out);
  }
}

/* --- How much waits --- */

/* About the bytes of a column, whose buffers do not tell their sizes. */
static uint64_t column_bytes(const struct ArrowSchema *type, const struct ArrowArray *array) {
  uint64_t rows = (uint64_t)array->length;
  char kind = type->format[0];
  if ((kind == 'u' || kind == 'z') && array->n_buffers > 1 && array->buffers[1] && rows) {
    const int32_t *offsets = (const int32_t *)array->buffers[1] + array->offset;
    return rows * 4 + (uint64_t)(offsets[rows] - offsets[0]);
  }
  if ((kind == 'U' || kind == 'Z') && array->n_buffers > 1 && array->buffers[1] && rows) {
    const int64_t *offsets = (const int64_t *)array->buffers[1] + array->offset;
    return rows * 8 + (uint64_t)(offsets[rows] - offsets[0]);
  }
  return rows * (kind == 'd' ? 16 : 8);
}

static uint64_t array_bytes(const struct ArrowSchema *schema, const struct ArrowArray *array) {
  uint64_t bytes = 0;
  for (int64_t i = 0; i < schema->n_children && i < array->n_children; i++) bytes += column_bytes(schema->children[i], array->children[i]);
  return bytes;
}

/* --- Whose turn it is: with the lock held --- */

/* Reads one array of a partition; the lock is given back meanwhile. */
static void read_ahead(SystemReader *reader, Stream *stream) {
  Held held = {.bytes = 0};
  DcError failure = {0};
  stream->busy = true;
  pthread_mutex_unlock(&reader->lock);
  DcCode code = fetch(reader, stream, &held.array, &failure);
  if (code == DC_OK && held.array.release) held.bytes = array_bytes(&stream->schema, &held.array);
  else close_stream(stream);
  pthread_mutex_lock(&reader->lock);
  stream->busy = false;
  stream->ended = code != DC_OK || !held.array.release;
  stream->failure = failure;
  if (!stream->ended) {
    if (stream->first == stream->count) stream->first = stream->count = 0;
    VEC_GROW(stream->held, stream->count, stream->cap);
    stream->held[stream->count++] = held;
    reader->bytes += held.bytes;
    budget_charge(reader->node->engine->budget, (int64_t)held.bytes);
  }
  pthread_cond_broadcast(&reader->changed);
}

/* The partition that a worker should read on; NULL: none. */
static Stream *choose(SystemReader *reader) {
  Stream *first = &reader->streams[reader->turn];
  if (!first->busy) return first;
  for (size_t i = 1; reader->bytes < reader->room && i < reader->ahead && reader->turn + i < reader->count; i++)
    if (!first[i].busy && !first[i].ended) return &first[i];
  return NULL;
}

static void wait_for_change(SystemReader *reader) {
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_nsec += 100 * 1000 * 1000;
  if (until.tv_nsec >= 1000 * 1000 * 1000) {
    until.tv_sec++;
    until.tv_nsec -= 1000 * 1000 * 1000;
  }
  pthread_cond_timedwait(&reader->changed, &reader->lock, &until);
}

/* The next array in order; *stream NULL: there is none, or none more in this phase. */
static DcCode take(SystemReader *reader, Stream **out, Held *held, uint64_t *row, DcError *err) {
  *out = NULL;
  while (reader->turn < reader->count && reader->seq < reader->limit) {
    Stream *stream = &reader->streams[reader->turn];
    if (engine_interrupted()) return dc_fail_at(err, DC_INTERRUPTED, (Position){0}, "interrupted");
    if (stream->first < stream->count) {
      *held = stream->held[stream->first++];
      *row = stream->row;
      stream->row += (uint64_t)held->array.length;
      reader->seq++;
      reader->bytes -= held->bytes;
      pthread_cond_broadcast(&reader->changed);
      *out = stream;
      return DC_OK;
    }
    if (stream->failure.code != DC_OK) {
      *err = stream->failure;
      return err->code;
    }
    if (stream->ended) {
      reader->turn++;
      pthread_cond_broadcast(&reader->changed);
      continue;
    }
    Stream *next = choose(reader);
    if (next) read_ahead(reader, next);
    else wait_for_change(reader);
  }
  return DC_OK;
}

/* --- The reader --- */

static DcCode next(Reader *base, int worker, Morsel *out, Batch **owned, bool *got, uint64_t *seq, DcError *err) {
  SystemReader *reader = (SystemReader *)base;
  Engine *engine = reader->node->engine;
  Stream *stream;
  Held held;
  uint64_t row = 0, source = 0;
  (void)worker;
  *got = false;
  pthread_mutex_lock(&reader->lock);
  DcCode code = take(reader, &stream, &held, &row, err);
  *seq = stream ? reader->seq - 1 : reader->seq;
  if (stream) source = load_source(reader->node, stream->segment->file, true);
  pthread_mutex_unlock(&reader->lock);
  if (code != DC_OK || !stream) return code;
  DcError inner = {0};
  code = arrow_import(engine->budget, &stream->schema, &held.array, reader->fields, reader->field_count, origin_make(source, row), owned, &inner);
  code = typed_imported(name_of(reader, stream), code, &inner, err);
  held.array.release(&held.array);
  budget_charge(engine->budget, -(int64_t)held.bytes);
  atomic_fetch_add(&engine->bytes_read, held.bytes);
  if (code != DC_OK) return code;
  *out = (Morsel){.seq = *seq, .part = stream->part, .batch = *owned, .to = (*owned)->rows, .file = stream->segment->file};
  *got = true;
  return DC_OK;
}

static void set_quota(Reader *base, uint64_t morsels) {
  SystemReader *reader = (SystemReader *)base;
  reader->limit = morsels ? reader->seq + morsels : UINT64_MAX;
}

static bool has_ended(Reader *base) {
  const SystemReader *reader = (const SystemReader *)base;
  return reader->turn == reader->count;
}

static void close_reader(Reader *base) {
  SystemReader *reader = (SystemReader *)base;
  const SystemModule *module = reader->source->link->module;
  if (reader->turn < reader->count && module->cut) module->cut(reader->source->plan);
  for (size_t i = 0; i < reader->count; i++) {
    Stream *stream = &reader->streams[i];
    for (; stream->first < stream->count; stream->first++) {
      Held *held = &stream->held[stream->first];
      held->array.release(&held->array);
      budget_charge(reader->node->engine->budget, -(int64_t)held->bytes);
    }
    close_stream(stream);
    if (stream->schema.release) stream->schema.release(&stream->schema);
    dc_free(stream->held);
  }
  pthread_cond_destroy(&reader->changed);
  pthread_mutex_destroy(&reader->lock);
  dc_free(reader->streams);
  dc_free(reader->marks);
  dc_free(reader->fields);
  dc_free(reader);
}

static const ReaderOps reader_ops = {next, set_quota, has_ended, close_reader};

/* Which of the plan's columns are wanted, and where the streams have them. */
static DcCode mark_columns(SystemReader *reader, const ReadSpec *spec, DcError *err) {
  const struct ArrowSchema *schema = &reader->source->schema;
  const Schema *own = &reader->node->schema;
  Arena arena = {0};
  DcCode code = DC_OK;
  bool any = false;
  reader->field_count = own->count;
  reader->fields = dc_alloc(((size_t)own->count + 1) * sizeof *reader->fields);
  reader->marks = dc_alloc((size_t)schema->n_children + 1);
  for (uint32_t c = 0; c < own->count && code == DC_OK; c++) {
    code = typed_place(reader->node->load->files.files[0].path.data, schema, own->names[c], &arena, &reader->fields[c], err);
    if (code != DC_OK || (spec->needed && !spec->needed[c])) continue;
    reader->marks[reader->fields[c]] = 1;
    any = true;
  }
  arena_free(&arena);
  if (!any && own->count) reader->marks[reader->fields[0]] = 1; /* rows are to be counted */
  for (uint32_t c = 0; c < own->count && code == DC_OK; c++) {
    int field = reader->fields[c], place = 0;
    for (int f = 0; f < field; f++) place += reader->marks[f];
    reader->fields[c] = reader->marks[field] ? place : -1;
  }
  return code;
}

/* Many columns: fewer rows at a time. */
static uint32_t rows_at_once(uint32_t columns) {
  enum { CELLS = 1 << 19, LEAST = 1 << 10 };
  uint32_t rows = CELLS / (columns + 1);
  return rows < LEAST ? LEAST : rows > MOST_ROWS ? MOST_ROWS : rows;
}

DcCode system_reader_open(Dataset *node, const ReadSpec *spec, Reader **out, DcError *err) {
  SystemReader *reader = dc_alloc(sizeof *reader);
  const Segment **segments;
  uint32_t *parts;
  reader->reader.ops = &reader_ops;
  reader->node = node;
  reader->source = node->load->own;
  reader->count = load_segments(node->load, spec, &segments, &parts);
  reader->streams = dc_alloc((reader->count + 1) * sizeof *reader->streams);
  for (size_t i = 0; i < reader->count; i++) reader->streams[i] = (Stream){.segment = segments[i], .part = parts[i]};
  dc_free(segments);
  dc_free(parts);
  reader->most_rows = rows_at_once(node->schema.count);
  reader->ahead = (size_t)pool_threads(node->engine->pool);
  reader->room = budget_limit(node->engine->budget) / 8;
  reader->limit = UINT64_MAX;
  pthread_mutex_init(&reader->lock, NULL);
  pthread_cond_init(&reader->changed, NULL);
  load_progress(node, NULL, 0);
  load_progress(node, segments, 0);
  *out = &reader->reader;
  return mark_columns(reader, spec, err);
}
