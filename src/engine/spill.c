/* spill.c - temporary files. */
#include "engine/spill.h"

#include <errno.h>
#include <unistd.h>

#include "base/fault.h"

DcCode spill_open(SpillFile *file, Engine *engine, DcError *err) {
  if (file->engine) return DC_OK;
  DC_TRY(engine_temp_file(engine, &file->fd, err));
  file->engine = engine;
  return DC_OK;
}

void spill_close(SpillFile *file) {
  if (file->engine) close(file->fd);
  file->engine = NULL;
}

DcCode spill_append(SpillFile *file, const void *data, size_t len, uint64_t *offset, DcError *err) {
  const char *at = data;
  uint64_t to = *offset = atomic_fetch_add(&file->end, len);
  atomic_fetch_add(&file->engine->bytes_spilled, len);
  while (len) {
    ssize_t put = fault_due() ? (errno = ENOSPC, -1) : pwrite(file->fd, at, len, (off_t)to);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) {
      dc_fail_errno(err, errno, "cannot write a spill file");
      dc_hint(err, "--temp-dir names a folder with more room");
      return err->code;
    }
    at += put;
    to += (uint64_t)put;
    len -= (size_t)put;
  }
  return DC_OK;
}

DcCode spill_read(SpillFile *file, uint64_t offset, void *data, size_t len, DcError *err) {
  char *at = data;
  atomic_fetch_add(&file->engine->bytes_read, len);
  while (len) {
    ssize_t got = fault_due() ? (errno = EIO, -1) : pread(file->fd, at, len, (off_t)offset);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return dc_fail_errno(err, got < 0 ? errno : EIO, "cannot read a spill file");
    at += got;
    offset += (uint64_t)got;
    len -= (size_t)got;
  }
  return DC_OK;
}
