/* serial_reader.c - files read in order, under one lock. */
#include "engine/serial_reader.h"

typedef struct SerialReader {
  Reader reader;
  const SerialOps *ops;
  Dataset *node;
  const Segment **segments; /* in the order wanted */
  uint32_t *parts;          /* the output partition of each */
  size_t count, next;
  uint8_t *needed;          /* NULL: all columns */
  ReadFilter *filters;
  size_t filter_count;
  pthread_mutex_t lock;
  void *state;              /* of the file that is open */
  uint64_t row;             /* in it */
  uint64_t seq, limit;
  bool ended;
  DcError failure; /* another worker may ask again before the pass ends */
} SerialReader;

static DcCode open_next(SerialReader *reader, DcError *err) {
  const ReadSpec spec = {.needed = reader->needed, .filters = reader->filters, .filter_count = reader->filter_count};
  uint32_t file = reader->segments[reader->next]->file;
  reader->row = 0;
  (void)load_source(reader->node, file, true);
  return reader->ops->open(reader->node, &spec, file, &reader->state, err);
}

/* Under the lock: the next rows of the file that is open, or of the next one; *out NULL: there are no more. */
static DcCode take_rows(SerialReader *reader, Batch **out, Morsel *morsel, DcError *err) {
  Engine *engine = reader->node->engine;
  while (!*out && reader->next < reader->count) {
    if (!reader->state) DC_TRY(open_next(reader, err));
    uint32_t file = reader->segments[reader->next]->file;
    uint64_t origin = origin_make(load_source(reader->node, file, true), reader->row), bytes = 0;
    DC_TRY(reader->ops->next(reader->state, origin, out, &bytes, err));
    atomic_fetch_add(&engine->bytes_read, bytes);
    atomic_fetch_add(&engine->progress_bytes, bytes);
    morsel->part = reader->parts[reader->next];
    morsel->file = file;
    if (*out) {
      reader->row += (*out)->rows;
      continue;
    }
    reader->ops->close(reader->state);
    reader->state = NULL;
    reader->next++;
  }
  return DC_OK;
}

static DcCode next(Reader *base, int worker, Morsel *out, Batch **owned, bool *got, uint64_t *seq, DcError *err) {
  SerialReader *reader = (SerialReader *)base;
  (void)worker;
  *got = false;
  pthread_mutex_lock(&reader->lock);
  *seq = reader->seq;
  bool allowed = reader->seq < reader->limit;
  if (reader->failure.code != DC_OK) *err = reader->failure;
  DcCode code = err->code != DC_OK ? err->code : allowed ? take_rows(reader, owned, out, err) : DC_OK;
  if (code != DC_OK) reader->failure = *err;
  if (allowed && code == DC_OK && !*owned) reader->ended = true;
  if (code == DC_OK && *owned) {
    *got = true;
    out->seq = reader->seq++;
    out->batch = *owned;
    out->from = 0;
    out->to = (*owned)->rows;
  }
  pthread_mutex_unlock(&reader->lock);
  return code;
}

static void set_quota(Reader *base, uint64_t morsels) {
  SerialReader *reader = (SerialReader *)base;
  reader->limit = morsels ? reader->seq + morsels : UINT64_MAX;
}

static bool has_ended(Reader *base) { return ((const SerialReader *)base)->ended; }

static void close_reader(Reader *base) {
  SerialReader *reader = (SerialReader *)base;
  if (reader->state) reader->ops->close(reader->state);
  pthread_mutex_destroy(&reader->lock);
  dc_free(reader->segments);
  dc_free(reader->parts);
  dc_free(reader->needed);
  dc_free(reader->filters);
  dc_free(reader);
}

static const ReaderOps reader_ops = {next, set_quota, has_ended, close_reader};

DcCode serial_reader_open(Dataset *node, const ReadSpec *spec, const SerialOps *ops, Reader **out, DcError *err) {
  (void)err;
  SerialReader *reader = dc_alloc(sizeof *reader);
  reader->reader.ops = &reader_ops;
  reader->ops = ops;
  reader->node = node;
  reader->count = load_segments(node->load, spec, &reader->segments, &reader->parts);
  if (spec->needed) {
    reader->needed = dc_alloc((size_t)node->schema.count + 1);
    memcpy(reader->needed, spec->needed, node->schema.count);
  }
  reader->filters = dc_alloc((spec->filter_count + 1) * sizeof *reader->filters);
  if (spec->filter_count) memcpy(reader->filters, spec->filters, spec->filter_count * sizeof *reader->filters);
  reader->filter_count = spec->filter_count;
  reader->limit = UINT64_MAX;
  pthread_mutex_init(&reader->lock, NULL);
  load_progress(node, reader->segments, reader->count);
  *out = &reader->reader;
  return DC_OK;
}
