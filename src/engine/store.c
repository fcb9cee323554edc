/* store.c - keeping computed partitions, spilling them, reading them back. */
#include "engine/store.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fault.h"

enum { EXTENT_BYTES = 4 << 20 };

Store *store_new(Engine *engine, uint32_t partitions) {
  Store *store = dc_alloc(sizeof *store);
  store->engine = engine;
  store->partitions = partitions;
  store->extent_bytes = EXTENT_BYTES;
  store->part_rows = dc_alloc((size_t)partitions * sizeof *store->part_rows);
  store->part_cap = partitions;
  pthread_mutex_init(&store->lock, NULL);
  pthread_mutex_init(&store->spilling, NULL);
  return store;
}

void store_drop_pieces(Store *store) {
  for (size_t i = 0; i < store->piece_count; i++) {
    batch_unref(store->pieces[i].batch);
    dc_free(store->pieces[i].starts);
  }
  store->piece_count = 0;
  store->memory = 0;
}

void store_free(Store *store) {
  if (!store) return;
  store_drop_pieces(store);
  for (size_t i = 0; i < store->run_count; i++) {
    close(store->runs[i].fd);
    dc_free(store->runs[i].extents);
    dc_free(store->runs[i].first);
  }
  dc_free(store->pieces);
  dc_free(store->runs);
  dc_free(store->part_rows);
  pthread_mutex_destroy(&store->lock);
  pthread_mutex_destroy(&store->spilling);
  dc_free(store);
}

static size_t piece_memory(const Piece *piece) {
  return batch_memory(piece->batch) + (piece->starts ? piece->count * sizeof *piece->starts : 0);
}

void store_add(Store *store, Piece piece) {
  pthread_mutex_lock(&store->lock);
  VEC_GROW(store->pieces, store->piece_count, store->piece_cap);
  store->pieces[store->piece_count++] = piece;
  store->memory += piece_memory(&piece);
  if (piece.starts && piece.count > store->partitions) store_extend(store, piece.count);
  store->rows += piece.batch->rows;
  if (!piece.starts) store->part_rows[piece.part] += piece.batch->rows;
  for (uint32_t p = 0; piece.starts && p < piece.count; p++) store->part_rows[p] += piece.starts[p + 1] - piece.starts[p];
  pthread_mutex_unlock(&store->lock);
}

void store_extend(Store *store, uint32_t partitions) {
  if (partitions > store->part_cap) {
    uint32_t cap = partitions * 2;
    store->part_rows = dc_realloc(store->part_rows, cap * sizeof *store->part_rows);
    memset(store->part_rows + store->part_cap, 0, (cap - store->part_cap) * sizeof *store->part_rows);
    store->part_cap = cap;
  }
  if (partitions > store->partitions) store->partitions = partitions;
}

static int by_seq(const void *a, const void *b) {
  uint64_t x = ((const Piece *)a)->seq, y = ((const Piece *)b)->seq;
  return (x > y) - (x < y);
}

void store_sort(Store *store) {
  if (store->piece_count) qsort(store->pieces, store->piece_count, sizeof *store->pieces, by_seq);
}

size_t store_room(const Engine *engine) {
  size_t limit = engine->options.memory, work = (size_t)pool_threads(engine->pool) * 4 * engine_block_size(engine);
  size_t room = limit - limit / 8;
  return room > work * 2 ? room - work : room / 2;
}

/* --- Spilling --- */

typedef struct Spill {
  Store *store;
  int fd;
  atomic_uint next;
  atomic_ullong offset;
  atomic_bool failed;
  Extent **extents; /* for each partition */
  uint32_t *counts;
  DcError *errors;  /* for each worker */
} Spill;

static DcCode write_all(int fd, const char *data, size_t len, uint64_t offset, DcError *err) {
  while (len) {
    ssize_t put = fault_due() ? (errno = ENOSPC, -1) : pwrite(fd, data, len, (off_t)offset);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) {
      dc_fail_errno(err, errno, "cannot write a spill file");
      dc_hint(err, "--temp-dir names a folder with more room");
      return err->code;
    }
    data += put;
    len -= (size_t)put;
    offset += (uint64_t)put;
  }
  return DC_OK;
}

static DcCode spill_batch(Spill *spill, uint32_t part, const BatchSlice *slices, size_t count, DcError *err) {
  Batch *batch;
  Buf header = {0};
  DC_TRY(batch_concat(spill->store->engine->budget, slices, count, GATHER_KEY | GATHER_ORIGINS, &batch, err));
  batch_pack(&header, batch);
  size_t payload = batch_payload(batch);
  uint64_t size = (header.len + payload + 63) & ~(uint64_t)63;
  Extent extent = {atomic_fetch_add(&spill->offset, size), (uint32_t)header.len, batch->rows, payload, batch_bytes(batch, 0, batch->rows)};
  DcCode code = write_all(spill->fd, header.data, header.len, extent.offset, err);
  if (code == DC_OK) code = write_all(spill->fd, batch->slab->data, payload, extent.offset + header.len, err);
  buf_free(&header);
  batch_unref(batch);
  if (code != DC_OK) return code;
  uint32_t *n = &spill->counts[part];
  if ((*n & (*n - 1)) == 0) spill->extents[part] = dc_realloc(spill->extents[part], (*n ? *n * 2 : 1) * sizeof extent);
  spill->extents[part][(*n)++] = extent;
  return DC_OK;
}

/* How many rows of a slice fit into room bytes; at least one. */
static uint32_t fit(const Batch *batch, uint32_t from, uint32_t to, uint64_t room) {
  if (batch_bytes(batch, from, to) <= room) return to - from;
  uint32_t low = from + 1, high = to;
  while (low < high) {
    uint32_t middle = low + (high - low + 1) / 2;
    if (batch_bytes(batch, from, middle) <= room) low = middle;
    else high = middle - 1;
  }
  return low - from;
}

static DcCode spill_partition(Spill *spill, uint32_t part, BatchSlice *slices, DcError *err) {
  Store *store = spill->store;
  size_t count = 0;
  uint64_t bytes = 0;
  for (size_t i = 0; i < store->piece_count; i++) {
    const Piece *piece = &store->pieces[i];
    uint32_t from, to;
    piece_range(piece, part, &from, &to);
    while (from < to) {
      if (count && (bytes >= store->extent_bytes || !batch_alike(slices[0].batch, piece->batch))) {
        DC_TRY(spill_batch(spill, part, slices, count, err));
        count = 0;
        bytes = 0;
      }
      uint32_t n = fit(piece->batch, from, to, store->extent_bytes - bytes);
      slices[count++] = (BatchSlice){piece->batch, from, from + n};
      bytes += batch_bytes(piece->batch, from, from + n);
      from += n;
    }
  }
  return count ? spill_batch(spill, part, slices, count, err) : DC_OK;
}

static void spill_work(void *argument, int number) {
  Spill *spill = argument;
  Store *store = spill->store;
  BatchSlice *slices = dc_alloc((store->piece_count + 1) * sizeof *slices);
  for (;;) {
    uint32_t part = atomic_fetch_add(&spill->next, 1);
    if (part >= store->partitions || atomic_load(&spill->failed)) break;
    DcError *err = &spill->errors[number];
    if (engine_interrupted()) dc_fail_at(err, DC_INTERRUPTED, (Position){0}, "interrupted");
    if (err->code != DC_OK || spill_partition(spill, part, slices, err) != DC_OK) atomic_store(&spill->failed, true);
  }
  dc_free(slices);
}

static void spill_finish(Spill *spill) {
  Store *store = spill->store;
  Run run = {.fd = spill->fd};
  run.partitions = store->partitions;
  run.first = dc_alloc(((size_t)store->partitions + 1) * sizeof *run.first);
  for (uint32_t p = 0; p < store->partitions; p++) run.first[p + 1] = run.first[p] + spill->counts[p];
  run.extents = dc_alloc(((size_t)run.first[store->partitions] + 1) * sizeof *run.extents);
  for (uint32_t p = 0; p < store->partitions; p++)
    if (spill->counts[p]) memcpy(run.extents + run.first[p], spill->extents[p], spill->counts[p] * sizeof *run.extents);
  VEC_GROW(store->runs, store->run_count, store->run_cap);
  store->runs[store->run_count++] = run;
  atomic_fetch_add(&store->engine->bytes_spilled, atomic_load(&spill->offset));
  store_drop_pieces(store);
}

/* By so many threads; 0: all of the pool. */
static DcCode spill_with(Store *store, int threads, DcError *err) {
  int most = pool_threads(store->engine->pool);
  Spill spill = {.store = store};
  DC_TRY(engine_temp_file(store->engine, &spill.fd, err));
  store_sort(store);
  spill.extents = dc_alloc((size_t)store->partitions * sizeof *spill.extents);
  spill.counts = dc_alloc((size_t)store->partitions * sizeof *spill.counts);
  spill.errors = dc_alloc((size_t)most * sizeof *spill.errors);
  if (threads == 1) spill_work(&spill, 0);
  else pool_run(store->engine->pool, threads, spill_work, &spill);
  DcCode code = DC_OK;
  for (int i = 0; i < most && code == DC_OK; i++) {
    if (spill.errors[i].code == DC_OK) continue;
    *err = spill.errors[i];
    code = err->code;
  }
  if (code == DC_OK) spill_finish(&spill);
  else close(spill.fd);
  for (uint32_t p = 0; p < store->partitions; p++) dc_free(spill.extents[p]);
  dc_free(spill.extents);
  dc_free(spill.counts);
  dc_free(spill.errors);
  return code;
}

DcCode store_spill(Store *store, DcError *err) { return store->piece_count ? spill_with(store, 0, err) : DC_OK; }

/* How many pieces, from the oldest on, a run is to have: few at first, so that little is written of what nearly fits into
   memory; but as many as make long extents. */
static size_t oldest(const Store *store) {
  enum { GROWING = 3, EXTENT_LEAST = 256 << 10 };
  size_t least = (size_t)store->partitions * EXTENT_LEAST, want = 0, bytes = 0, count = 0;
  if (store->run_count < GROWING) want = store->memory >> (GROWING - store->run_count);
  if (!want) return store->piece_count;
  if (want < least) want = least;
  while (count < store->piece_count && bytes < want) bytes += piece_memory(&store->pieces[count++]);
  return count;
}

DcCode store_spill_some(Store *store, DcError *err) {
  store_sort(store);
  size_t count = oldest(store);
  if (!count || count == store->piece_count) return store_spill(store, err);
  Store first = {.engine = store->engine, .partitions = store->partitions, .extent_bytes = store->extent_bytes,
                 .pieces = store->pieces, .piece_count = count};
  for (size_t i = 0; i < count; i++) first.memory += piece_memory(&store->pieces[i]);
  size_t memory = first.memory;
  DC_TRY(spill_with(&first, 0, err));
  VEC_GROW(store->runs, store->run_count, store->run_cap);
  store->runs[store->run_count++] = first.runs[0];
  dc_free(first.runs);
  store->piece_count -= count;
  memmove(store->pieces, store->pieces + count, store->piece_count * sizeof *store->pieces);
  store->memory -= memory;
  return DC_OK;
}

/* Takes all pieces of the store, unless they have become few. */
static bool take_pieces(Store *store, size_t room, Store *taken) {
  pthread_mutex_lock(&store->lock);
  bool full = store->piece_count && store->memory > room;
  if (full) {
    *taken = (Store){.engine = store->engine, .partitions = store->partitions, .extent_bytes = store->extent_bytes,
                     .pieces = store->pieces, .piece_count = store->piece_count, .memory = store->memory};
    store->pieces = NULL;
    store->piece_count = store->piece_cap = 0;
    store->memory = 0;
  }
  pthread_mutex_unlock(&store->lock);
  return full;
}

DcCode store_spill_here(Store *store, size_t room, DcError *err) {
  Store taken;
  DcCode code = DC_OK;
  pthread_mutex_lock(&store->spilling);
  if (take_pieces(store, room, &taken)) {
    code = spill_with(&taken, 1, err);
    pthread_mutex_lock(&store->lock);
    if (code == DC_OK) {
      VEC_GROW(store->runs, store->run_count, store->run_cap);
      store->runs[store->run_count++] = taken.runs[0];
    }
    pthread_mutex_unlock(&store->lock);
    store_drop_pieces(&taken);
    dc_free(taken.pieces);
    dc_free(taken.runs);
  }
  pthread_mutex_unlock(&store->spilling);
  return code;
}

DcCode store_read(Store *store, const Run *run, const Extent *extent, Batch **out, DcError *err) {
  Slab *payload;
  char *header = dc_alloc(extent->header);
  ssize_t got = fault_due() ? (errno = EIO, -1) : pread(run->fd, header, extent->header, (off_t)extent->offset);
  if (got != (ssize_t)extent->header) {
    dc_free(header);
    return dc_fail_errno(err, got < 0 ? errno : EIO, "cannot read a spill file");
  }
  DcCode code = slab_new(store->engine->budget, extent->payload, "spilled rows", &payload, err);
  for (size_t done = 0; code == DC_OK && done < extent->payload; done += (size_t)got) {
    got = pread(run->fd, payload->data + done, extent->payload - done, (off_t)(extent->offset + extent->header + done));
    if (got < 0 && errno == EINTR) got = 0;
    else if (got <= 0) code = dc_fail_errno(err, got < 0 ? errno : EIO, "cannot read a spill file");
    if (code != DC_OK) slab_unref(payload);
  }
  atomic_fetch_add(&store->engine->bytes_read, extent->header + extent->payload);
  if (code == DC_OK) *out = batch_unpack(header, payload);
  dc_free(header);
  return code;
}
