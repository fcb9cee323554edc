/* sort_run.c - sorted runs in memory and on disk. An extent on disk: offsets of the keys, keys (to a multiple of 8
 * bytes), header and payload of the batch as batch_pack has them.
 */
#include "engine/sort_run.h"

#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/fault.h"

static size_t keys_size(const SortKeys *keys) {
  size_t size = ((size_t)keys->rows + 1) * sizeof(uint32_t) + keys->offsets[keys->rows] - keys->offsets[0];
  return (size + 7) & ~(size_t)7;
}

static void keys_copy(const SortKeys *keys, char *to) {
  uint32_t *offsets = (uint32_t *)(void *)to, base = keys->offsets[0];
  for (uint32_t i = 0; i <= keys->rows; i++) offsets[i] = keys->offsets[i] - base;
  memcpy(offsets + keys->rows + 1, keys->bytes + base, keys->offsets[keys->rows] - base);
}

static SortKeys keys_at(const char *data, uint32_t rows) {
  const uint32_t *offsets = (const uint32_t *)(const void *)data;
  return (SortKeys){rows, offsets, (const char *)(offsets + rows + 1)};
}

SortShape sort_shape_of(const Batch *batch) { return (SortShape){batch->layout, batch->key != NULL, batch->column_count, batch->format}; }

bool sort_shape_same(const SortShape *a, const SortShape *b) {
  return a->layout == b->layout && a->keyed == b->keyed && a->columns == b->columns && a->format == b->format;
}

DcCode sort_run_memory(Engine *engine, Batch *batch, const SortKeys *keys, SortRun *out, DcError *err) {
  Slab *slab;
  if (slab_new(engine->budget, keys_size(keys), "sort keys", &slab, err) != DC_OK) {
    batch_unref(batch);
    return err->code;
  }
  keys_copy(keys, slab->data);
  SortExtent *extent = dc_alloc(sizeof *extent);
  *extent = (SortExtent){.rows = batch->rows, .batch = batch, .slab = slab, .keys = keys_at(slab->data, batch->rows)};
  *out = (SortRun){.rows = batch->rows, .shape = sort_shape_of(batch), .bytes = batch_memory(batch) + slab->size, .extents = extent, .count = 1};
  return DC_OK;
}

void sort_extent_drop(SortExtent *extent) {
  batch_unref(extent->batch);
  slab_unref(extent->slab);
  extent->batch = NULL;
  extent->slab = NULL;
}

void sort_run_free(SortRun *run) {
  for (size_t i = 0; i < run->count; i++) {
    sort_extent_drop(&run->extents[i]);
    dc_free((void *)(uintptr_t)run->extents[i].key.data);
  }
  dc_free(run->extents);
  sort_file_unref(run->file);
  *run = (SortRun){0};
}

DcCode sort_file_new(Engine *engine, SortFile **out, DcError *err) {
  int fd;
  DC_TRY(engine_temp_file(engine, &fd, err));
  *out = dc_alloc(sizeof **out);
  atomic_init(&(*out)->refs, 1);
  (*out)->fd = fd;
  return DC_OK;
}

void sort_file_unref(SortFile *file) {
  if (!file || atomic_fetch_sub(&file->refs, 1) != 1) return;
  close(file->fd);
  dc_free(file);
}

/* Moves parts on by what was transferred; returns how many are left. */
static int advance(struct iovec **parts, int count, size_t done) {
  while (count && done >= (*parts)->iov_len) {
    done -= (*parts)->iov_len;
    (*parts)++;
    count--;
  }
  if (count) {
    (*parts)->iov_base = (char *)(*parts)->iov_base + done;
    (*parts)->iov_len -= done;
  }
  return count;
}

static DcCode transfer(int fd, struct iovec *parts, int count, uint64_t offset, bool writing, DcError *err) {
  while (count) {
    ssize_t done = fault_due() ? (errno = writing ? ENOSPC : EIO, -1)
                   : writing   ? pwritev(fd, parts, count, (off_t)offset)
                               : preadv(fd, parts, count, (off_t)offset);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0 || (done == 0 && !writing)) {
      dc_fail_errno(err, done < 0 ? errno : EIO, writing ? "cannot write a spill file" : "cannot read a spill file");
      if (writing) dc_hint(err, "--temp-dir names a folder with more room");
      return err->code;
    }
    offset += (uint64_t)done;
    count = advance(&parts, count, (size_t)done);
  }
  return DC_OK;
}

DcCode sort_extent_write(SortFile *file, const Batch *batch, const SortKeys *keys, SortExtent *out, DcError *err) {
  Buf header = {0};
  size_t key_bytes = keys_size(keys);
  if (key_bytes > UINT32_MAX) return dc_fail(err, "the sort keys of %u rows are longer than 4 GiB", keys->rows);
  buf_reserve(&header, key_bytes + 8);
  memset(header.data + key_bytes - 8, 0, 8);
  keys_copy(keys, header.data);
  header.len = key_bytes;
  batch_pack(&header, batch);
  size_t payload = batch_payload(batch);
  struct iovec parts[] = {{header.data, header.len}, {batch->slab->data, payload}};
  Str key = sort_keys_at(keys, 0);
  *out = (SortExtent){.rows = batch->rows, .header = (uint32_t)(header.len - key_bytes), .key_bytes = (uint32_t)key_bytes, .payload = payload};
  out->offset = atomic_fetch_add(&file->end, header.len + payload);
  DcCode code = transfer(file->fd, parts, payload ? 2 : 1, out->offset, true, err);
  buf_free(&header);
  if (code != DC_OK) return code;
  char *copy = dc_alloc(key.len + 1);
  memcpy(copy, key.data, key.len);
  out->key = str_make(copy, key.len);
  return DC_OK;
}

DcCode sort_extent_read(Engine *engine, const SortFile *file, SortExtent *extent, DcError *err) {
  Slab *head, *payload;
  size_t head_bytes = (size_t)extent->key_bytes + extent->header;
  DC_TRY(slab_new(engine->budget, head_bytes, "spilled sort keys", &head, err));
  if (slab_new(engine->budget, extent->payload, "spilled rows", &payload, err) != DC_OK) {
    slab_unref(head);
    return err->code;
  }
  struct iovec parts[] = {{head->data, head_bytes}, {payload->data, extent->payload}};
  DcCode code = transfer(file->fd, parts, extent->payload ? 2 : 1, extent->offset, false, err);
  if (code != DC_OK) {
    slab_unref(head);
    slab_unref(payload);
    return code;
  }
  atomic_fetch_add(&engine->bytes_read, head_bytes + extent->payload);
  extent->batch = batch_unpack(head->data + extent->key_bytes, payload);
  extent->slab = head;
  extent->keys = keys_at(head->data, extent->rows);
  return DC_OK;
}
