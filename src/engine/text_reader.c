/* text_reader.c - hands out blocks of whole rows. Reading and cutting at row ends is done under one lock (it runs at the speed
 * of memory); finding the rows in a block is done by the worker that takes it. */
#include <errno.h>
#include <iconv.h>
#include <stdlib.h>

#include "engine/ahead.h"
#include "engine/bad.h"
#include "engine/frames.h"
#include "engine/load.h"
#include "io/stream.h"

#define MAX_ROW ((size_t)1 << 30)

typedef struct Cut {
  Slab *slab;
  Batch batch; /* not counted: lives until the worker's next call */
  RowIndex index;
  uint64_t *origins;
} Cut;

typedef struct TextReader {
  Reader reader;
  Dataset *node;
  Engine *engine;
  LoadPlan *plan;
  const Segment **segments; /* in the order wanted */
  uint32_t *parts;          /* the output partition of each */
  size_t count, next;
  Ahead *fetched;           /* small files elsewhere, before their turn */
  pthread_mutex_t lock;
  InputStream *stream;
  Frames *frames;    /* in place of the stream, when a zstd file is read by several */
  uint64_t counted;  /* of the stream's bytes: booked as read already */
  size_t ahead;      /* of what was read for the header: taken already */
  bool from_ahead, taken; /* taken: the stream, with what was read of it, is ours */
  iconv_t convert;
  bool converting;
  Buf undecoded;
  Buf carry;         /* the cut-off row at the end of the last block */
  Cutter *cutter;    /* of the file; NULL: its rows are lines */
  uint64_t offset;   /* in the file, of the next block's first byte */
  uint32_t file, part;
  bool has_frames;     /* some file is compressed by it */
  bool ended;
  DcError failed;    /* what take_block said: all workers say the same */
  uint64_t seq;
  uint64_t limit;    /* of seq in this phase; UINT64_MAX: none */
  Cut *cuts; /* of each worker */
  int workers;
} TextReader;

static const ReaderOps reader_ops;

DcCode text_reader_open(Dataset *node, const ReadSpec *spec, Reader **out, DcError *err) {
  (void)err;
  TextReader *reader = dc_alloc(sizeof *reader);
  LoadPlan *plan = node->load;
  reader->reader.ops = &reader_ops;
  reader->node = node;
  reader->engine = node->engine;
  reader->plan = plan;
  reader->count = load_segments(plan, spec, &reader->segments, &reader->parts);
  for (size_t i = 0; i < reader->count; i++)
    reader->has_frames = reader->has_frames || plan->files.files[reader->segments[i]->file].codec != CODEC_NONE;
  reader->fetched = ahead_new(plan, reader->segments, reader->count);
  reader->limit = UINT64_MAX;
  reader->workers = pool_threads(reader->engine->pool);
  reader->cuts = dc_alloc((size_t)reader->workers * sizeof *reader->cuts);
  pthread_mutex_init(&reader->lock, NULL);
  load_progress(node, reader->segments, reader->count);
  *out = &reader->reader;
  return DC_OK;
}

static void close_stream(TextReader *reader) {
  if (!reader->from_ahead || reader->taken) stream_close(reader->stream);
  if (reader->taken) buf_free(&reader->plan->opened[reader->file].ahead);
  reader->taken = false;
  reader->stream = NULL;
  frames_unref(reader->frames);
  reader->frames = NULL;
  if (reader->cutter) reader->cutter->ops->free(reader->cutter);
  reader->cutter = NULL;
  if (reader->converting) iconv_close(reader->convert);
  reader->converting = false;
  reader->undecoded.len = 0;
}

static void close_reader(Reader *base) {
  TextReader *reader = (TextReader *)base;
  close_stream(reader);
  ahead_free(reader->fetched);
  for (int i = 0; i < reader->workers; i++) {
    slab_unref(reader->cuts[i].slab);
    dc_free(reader->cuts[i].index.offsets);
    dc_free(reader->cuts[i].origins);
  }
  dc_free(reader->cuts);
  dc_free(reader->segments);
  dc_free(reader->parts);
  buf_free(&reader->carry);
  buf_free(&reader->undecoded);
  pthread_mutex_destroy(&reader->lock);
  dc_free(reader);
}

/* --- Bytes --- */

static DcCode raw_bytes(TextReader *reader, char *data, size_t size, size_t *got, DcError *err) {
  const Buf *ahead = &reader->plan->opened[reader->file].ahead;
  if (reader->from_ahead && reader->ahead < ahead->len) {
    *got = ahead->len - reader->ahead < size ? ahead->len - reader->ahead : size;
    memcpy(data, ahead->data + reader->ahead, *got);
    reader->ahead += *got;
    return DC_OK;
  }
  if (reader->frames) DC_TRY(frames_read(reader->frames, data, size, got, err));
  else DC_TRY(stream_read(reader->stream, data, size, got, err));
  uint64_t now = reader->frames ? frames_bytes(reader->frames) : stream_bytes(reader->stream);
  atomic_fetch_add(&reader->engine->bytes_read, now - reader->counted);
  atomic_fetch_add(&reader->engine->progress_bytes, now - reader->counted);
  reader->counted = now;
  return DC_OK;
}

static const char *file_name(const TextReader *reader) { return reader->plan->files.files[reader->file].path.data; }

/* Bytes of another encoding become UTF-8. */
static DcCode converted_bytes(TextReader *reader, char *data, size_t size, size_t *got, DcError *err) {
  char *out = data;
  size_t left = size;
  for (;;) {
    size_t more = 0;
    Buf *in = &reader->undecoded;
    buf_reserve(in, 64 << 10);
    DC_TRY(raw_bytes(reader, in->data + in->len, in->cap - in->len < left / 4 + 1 ? in->cap - in->len : left / 4 + 1, &more, err));
    in->len += more;
    char *from = in->data;
    size_t rest = in->len;
    size_t result = iconv(reader->convert, &from, &rest, &out, &left);
    if (result == (size_t)-1 && (errno == EILSEQ || (errno == EINVAL && more == 0)))
      return dc_fail(err, "%s: bytes that are no %.*s", file_name(reader), STR_ARG(reader->plan->text->encoding));
    memmove(in->data, from, rest);
    in->len = rest;
    if (left < size || more == 0) break;
  }
  *got = size - left;
  return DC_OK;
}

/* Fills data as far as the segment goes. */
static DcCode fill(TextReader *reader, char *data, size_t size, size_t *filled, bool *ended, DcError *err) {
  *filled = 0;
  *ended = false;
  while (*filled < size) {
    size_t got = 0;
    DC_TRY((reader->converting ? converted_bytes : raw_bytes)(reader, data + *filled, size - *filled, &got, err));
    if (!got) {
      *ended = true;
      break;
    }
    *filled += got;
  }
  return DC_OK;
}

/* --- Segments --- */

/* The first row that starts at or behind a nominal place in the middle of a file. */
static DcCode row_boundary(const LoadPlan *plan, uint32_t number, uint64_t place, uint64_t *out, DcError *err) {
  const InputFile *file = &plan->files.files[number];
  uint64_t data = plan->starts[number];
  *out = place <= data ? data : place;
  if (place <= data || place >= file->size) return DC_OK;
  for (size_t window = 64 << 10;; window *= 4) {
    InputStream *stream;
    uint64_t from = place - 1;
    size_t size = file->size - from < window ? (size_t)(file->size - from) : window, done = 0, got = 1;
    DC_TRY(stream_open(file, from, from + size, &stream, err));
    char *text = dc_alloc(size + 64);
    DcCode code = DC_OK;
    while (done < size && got && code == DC_OK) {
      code = stream_read(stream, text + done, size - done, &got, err);
      done += code == DC_OK ? got : 0;
    }
    stream_close(stream);
    size_t start = code == DC_OK ? text_find_row_start(text, done, from + done >= file->size, plan->formats[number]->field_count, &plan->text->dialect) : 0;
    dc_free(text);
    if (code != DC_OK) return code;
    if (start < done || from + done >= file->size) {
      *out = start < done ? from + start : file->size;
      return DC_OK;
    }
    if (window >= MAX_ROW / 4) return dc_fail(err, "%s: no row starts within %zu bytes behind byte %llu", file->path.data, window, (unsigned long long)place);
  }
}

/* A file elsewhere whose head was read a moment ago is read on. */
static bool take_kept(TextReader *reader, uint64_t from, uint64_t to) {
  Opened *kept = &reader->plan->opened[reader->file];
  if (!kept->stream) return false;
  kept->taken = true;
  if (to != UINT64_MAX || from > kept->ahead.len || time(NULL) - kept->since > KEPT_SECONDS) {
    stream_close(kept->stream);
    kept->stream = NULL;
    buf_free(&kept->ahead);
    return false;
  }
  reader->stream = kept->stream;
  kept->stream = NULL;
  return true;
}

static DcCode open_stream(TextReader *reader, uint64_t from, uint64_t to, DcError *err) {
  LoadPlan *plan = reader->plan;
  const InputFile *file = &plan->files.files[reader->file];
  reader->counted = 0;
  reader->from_ahead = false;
  if (!file->regular) {
    Opened *kept = &plan->opened[reader->file];
    if (!kept->stream) DC_TRY(stream_open(file, 0, UINT64_MAX, &kept->stream, err));
    reader->stream = kept->stream;
    reader->from_ahead = true;
    reader->ahead = 0;
  } else if (take_kept(reader, from, to)) {
    reader->from_ahead = reader->taken = true;
    reader->ahead = (size_t)from;
  } else {
    if (file->codec != CODEC_NONE) DC_TRY(frames_open(reader->engine, file, &reader->frames, err));
    if (!reader->frames) DC_TRY(stream_open(file, from, to, &reader->stream, err));
  }
  if (plan->text->encoding.data && !str_eq_nocase(plan->text->encoding, str_of("UTF-8"))) {
    reader->convert = iconv_open("UTF-8", plan->text->encoding.data);
    if (reader->convert == (iconv_t)-1) {
      dc_fail(err, "unknown encoding '%s'", plan->text->encoding.data);
      dc_hint(err, "iconv -l lists the names there are");
      return err->code;
    }
    reader->converting = true;
  }
  return DC_OK;
}

static DcCode skip_bytes(TextReader *reader, uint64_t count, DcError *err) {
  char data[4096];
  while (count) {
    size_t got = 0;
    bool ended;
    DC_TRY(fill(reader, data, count < sizeof data ? (size_t)count : sizeof data, &got, &ended, err));
    count -= got;
    if (ended) break;
  }
  return DC_OK;
}

static DcCode open_segment(TextReader *reader, DcError *err) {
  const Segment *segment = reader->segments[reader->next];
  DC_TRY(ahead_take(reader->fetched, reader->next, err));
  reader->part = reader->parts[reader->next++];
  reader->file = segment->file;
  DC_TRY(load_prepare(reader->node, segment->file, err));
  LoadPlan *plan = reader->plan;
  const InputFile *file = &plan->files.files[segment->file];
  uint64_t data = plan->starts[segment->file], from = 0, to = UINT64_MAX;
  bool cut = input_seekable(file) && !plan->text->encoding.data && !plan->file.codec;
  if (cut) {
    DC_TRY(row_boundary(plan, segment->file, segment->from, &from, err));
    if (segment->to != UINT64_MAX) DC_TRY(row_boundary(plan, segment->file, segment->to, &to, err));
  }
  if (to <= from) return DC_OK; /* no row starts in it */
  DC_TRY(open_stream(reader, from, to, err));
  if (!cut) DC_TRY(skip_bytes(reader, data, err));
  if (cut && from == data && !reader->from_ahead) atomic_fetch_add(&reader->engine->bytes_read, data); /* the header was read before */
  reader->offset = cut ? from : data;
  reader->carry.len = 0;
  if (plan->cutter) reader->cutter = plan->cutter(plan, segment->file);
  return DC_OK;
}

/* --- Blocks --- */

/* What a cutter makes of the text in hand. Without rows (*len 0) more text is needed, or the file is at its end. */
static DcCode cut_records(TextReader *reader, Cut *cut, size_t have, bool ended, size_t *len, DcError *err) {
  size_t used = 0;
  cut->index.count = 0;
  cut->index.flags = 0;
  if (reader->cutter->ops->cut(reader->cutter, cut->slab->data, have, ended, &cut->index, &used, err) != DC_OK) {
    char place[512];
    engine_describe_origin(reader->engine, origin_make(reader->plan->sources[reader->file] - 1, reader->offset + used), place, sizeof place);
    dc_record(err, "record %s", place);
    return err->code;
  }
  buf_put(&reader->carry, cut->slab->data + used, have - used);
  if (cut->index.count) *len = used;
  else reader->offset += used;
  if (ended && !*len) close_stream(reader);
  return DC_OK;
}

/* Under the lock: the next block's bytes in cut->slab. *len = 0: the end. */
static DcCode take_block(TextReader *reader, Cut *cut, size_t *len, DcError *err) {
  const TextDialect *dialect = &reader->plan->text->dialect;
  *len = 0;
  while (!*len) {
    if (!reader->stream && !reader->frames) {
      if (reader->next >= reader->count) return DC_OK;
      DC_TRY(open_segment(reader, err));
      continue;
    }
    size_t block = engine_block_size(reader->engine), have = reader->carry.len;
    if (have * 2 > block) block = have * 2;
    if (block > MAX_ROW) return dc_fail(err, "%s: a row that begins at byte %llu is longer than 1 GiB (a quote that is not closed?)", file_name(reader), (unsigned long long)reader->offset);
    slab_unref(cut->slab);
    cut->slab = NULL;
    DC_TRY(slab_new(reader->engine->budget, block + 1, "a block of text", &cut->slab, err));
    char *text = cut->slab->data;
    if (have) memcpy(text, reader->carry.data, have);
    size_t filled = 0;
    bool ended;
    DC_TRY(fill(reader, text + have, block - have, &filled, &ended, err));
    have += filled;
    reader->carry.len = 0;
    if (reader->cutter) {
      DC_TRY(cut_records(reader, cut, have, ended, len, err));
      continue;
    }
    size_t end = ended ? have : text_last_row_end(text, have, dialect);
    if (ended) close_stream(reader);
    buf_put(&reader->carry, text + end, have - end);
    if (ended && end && text[end - 1] != '\n') text[end++] = '\n'; /* the last row of a file may lack it */
    *len = end;
    if (ended) reader->carry.len = 0;
  }
  return DC_OK;
}

/* A row with the wrong number of fields that @ragged and @extra do not allow: by the policy for bad records. */
static DcCode bad_row(TextReader *reader, const Cut *cut, size_t row, size_t fields, DcError *err) {
  const Batch *batch = &cut->batch;
  Str text = str_make(batch->text + batch->offsets[row], batch->offsets[row + 1] - batch->offsets[row]);
  size_t len = text_row_trim(text.data, text.len);
  uint32_t wanted = batch->format->field_count;
  if (len == 0) dc_fail(err, "an empty line in place of a row of %u fields", wanted);
  else dc_fail(err, "a row has %zu field%s in place of %u: %.*s%s", fields, fields == 1 ? "" : "s", wanted, (int)(len < 80 ? len : 80), text.data, len > 80 ? "…" : "");
  if (reader->engine->options.bad_records == BAD_FAIL)
    dc_hint(err, fields < wanted ? "@ragged = 'null' reads missing fields as NULL" : "@extra = 'ignore' leaves extra fields out");
  return bad_record(reader->engine, batch_origin(batch, (uint32_t)row), text, (Str){0}, err);
}

/* Takes rows out of an indexed block: those marked in drop (may be NULL) and those that begin with comment (0: none). */
static void drop_rows(Cut *cut, const uint8_t *drop, char comment) {
  Batch *batch = &cut->batch;
  RowIndex *index = &cut->index;
  char *text = cut->slab->data;
  uint32_t n = 0, at = 0;
  cut->origins = dc_realloc(cut->origins, (index->count + 1) * sizeof *cut->origins);
  for (size_t i = 0; i < index->count; i++) {
    uint32_t start = index->offsets[i], len = index->offsets[i + 1] - start;
    if ((drop && drop[i]) || (comment && text[start] == comment)) continue;
    uint64_t origin = batch_origin(batch, (uint32_t)i);
    memmove(text + at, text + start, len);
    cut->origins[n] = origin; /* n <= i: what it replaces has been read */
    index->offsets[n++] = at;
    at += len;
  }
  index->offsets[n] = at;
  index->count = n;
  batch->rows = n;
  batch->origins = cut->origins;
}

/* Rows with too few or too many fields: by @ragged and @extra, else bad records. */
static DcCode check_fields(TextReader *reader, Cut *cut, DcError *err) {
  const TextOptions *options = reader->plan->text;
  Batch *batch = &cut->batch;
  const TextFormat *format = batch->format;
  size_t columns = options->header || !reader->plan->wanted_count ? format->field_count : reader->plan->wanted_count;
  uint64_t extra = 0;
  uint8_t *drop = NULL;
  bool odd = false;
  if (!(batch->flags & ROWS_RAGGED)) extra = format->field_count > columns ? batch->rows : 0;
  DcCode code = DC_OK;
  for (size_t row = 0; (batch->flags & ROWS_RAGGED) && row < batch->rows && code == DC_OK; row++) {
    const char *text = batch->text + batch->offsets[row];
    size_t fields = text_count_fields(text, batch->offsets[row + 1] - batch->offsets[row], &format->dialect);
    bool few = fields < columns && options->ragged == MISMATCH_ERROR, many = fields > columns && options->extra == MISMATCH_ERROR;
    bool dropped = (few || many) && reader->engine->options.bad_records != BAD_NULL;
    extra += fields > columns && !many;
    odd = odd || (fields != format->field_count && !dropped);
    if (!few && !many) continue;
    code = bad_row(reader, cut, row, fields, err);
    if (code != DC_OK || !dropped) continue;
    if (!drop) drop = dc_alloc(batch->rows);
    drop[row] = 1;
  }
  if (drop && code == DC_OK) drop_rows(cut, drop, 0);
  if (!odd) batch->flags &= ~(unsigned)ROWS_RAGGED; /* what is left can be moved as it is */
  dc_free(drop);
  if (extra) atomic_fetch_add(&reader->engine->extra_fields, extra);
  return code;
}

/* indexed: a cutter has found the rows already. */
static DcCode index_block(TextReader *reader, Cut *cut, const TextFormat *format, uint64_t origin, size_t len, bool indexed, DcError *err) {
  const TextOptions *options = reader->plan->text;
  size_t expected = options->plain || options->comment ? 0 : format->field_count;
  bool closed = indexed || text_index_rows(cut->slab->data, len, &format->dialect, expected, &cut->index);
  cut->batch = (Batch){.layout = BATCH_TEXT, .rows = (uint32_t)cut->index.count, .text = cut->slab->data,
                       .offsets = cut->index.offsets, .format = format, .flags = cut->index.flags, .origin_base = origin};
  if (!closed) {
    char place[512];
    size_t last = cut->index.count ? cut->index.offsets[cut->index.count - 1] : 0;
    engine_describe_origin(reader->engine, origin + last, place, sizeof place);
    dc_fail(err, "a quoted field is not closed");
    dc_record(err, "record %s", place);
    dc_hint(err, "@quote = '' reads quotes as ordinary bytes");
    return err->code;
  }
  if (options->comment) {
    drop_rows(cut, NULL, options->comment);
    cut->batch.flags |= ROWS_RAGGED;
  }
  return options->plain ? DC_OK : check_fields(reader, cut, err);
}

static void set_quota(Reader *base, uint64_t blocks) {
  TextReader *reader = (TextReader *)base;
  reader->limit = blocks ? reader->seq + blocks : UINT64_MAX;
}

static bool has_ended(Reader *base) { return ((const TextReader *)base)->ended; }

/* Decompress something ahead, if there is a file to decompress, before taking a block. */
static void help(TextReader *reader) {
  pthread_mutex_lock(&reader->lock);
  Frames *frames = reader->frames;
  if (frames) frames_ref(frames);
  pthread_mutex_unlock(&reader->lock);
  if (frames) frames_help(frames);
  frames_unref(frames);
}

static DcCode next(Reader *base, int worker, Morsel *out, Batch **owned, bool *got, uint64_t *seq, DcError *err) {
  TextReader *reader = (TextReader *)base;
  (void)owned;
  Cut *cut = &reader->cuts[worker];
  size_t len = 0;
  if (reader->has_frames) help(reader);
  pthread_mutex_lock(&reader->lock);
  uint64_t origin = 0;
  const TextFormat *format = NULL;
  bool indexed = false;
  *seq = reader->seq;
  bool allowed = reader->seq < reader->limit;
  if (reader->failed.code != DC_OK) *err = reader->failed;
  else if (allowed && take_block(reader, cut, &len, err) != DC_OK) reader->failed = *err;
  DcCode code = err->code;
  if (allowed && code == DC_OK && !len) reader->ended = true;
  if (code == DC_OK && len) {
    origin = origin_make(reader->plan->sources[reader->file] - 1, reader->offset);
    format = reader->plan->formats[reader->file];
    indexed = reader->cutter != NULL;
    reader->offset += len;
    *seq = reader->seq++;
    out->seq = *seq;
    out->part = reader->part;
    out->file = reader->file;
  }
  pthread_mutex_unlock(&reader->lock);
  *got = len > 0;
  if (code != DC_OK || !len) return code;
  DC_TRY(index_block(reader, cut, format, origin, len, indexed, err));
  out->batch = &cut->batch;
  out->from = 0;
  out->to = cut->batch.rows;
  return DC_OK;
}

static const ReaderOps reader_ops = {next, set_quota, has_ended, close_reader};
