/* remote_read.c - reads a remote file in order: by one request at first, as whoever begins does not always go on, and as some servers
 * take long to answer. When such a stream turns out to be slower than its reader, and the server answers soon, ranges of the rest are
 * asked for ahead, several at once: that is how stores give more than one connection's share.
 */
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "io/remote.h"

enum { RANGES_AHEAD = 5, PUSHED_AHEAD = 16, LEAST_BYTES = 64 << 10, RANGE_BYTES = 8 << 20, PUSHED_BYTES = 512 << 10 };
#define TRIAL_BYTES (UINT64_C(16) << 20) /* read of a stream before it is judged */
#define SOON 0.3                         /* seconds until a server's answer begins: several more such waits are worth it */

/* A range on its way. */
typedef struct Chunk {
  RemoteReader *reader;
  Slab *slab;
  uint64_t offset, size, got;
  bool ready;
  DcError err;
} Chunk;

struct RemoteReader {
  Remote *remote;
  char *url, *version;
  uint64_t next, to; /* the next byte to be asked for, or to come; the end */
  bool ranges;       /* the server has them */
  bool streaming;    /* one thread gets all of it */
  bool judged;       /* ranges are not better, or nobody knows */
  bool at_end;       /* of the stream */
  bool halt;         /* the stream is to end */
  double asked, answered, waited; /* seconds: moments of the stream; for how long the reader waited since its answer began */
  uint64_t taken;    /* by the reader, of the stream */
  atomic_bool closing;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  Chunk chunks[PUSHED_AHEAD]; /* a ring: in the order of the file */
  size_t first, count;
  uint64_t used;       /* of the first one */
  pthread_t thread;    /* of the stream */
  bool started;
  DcError failure;
};

static atomic_ullong in_use; /* bytes of all readers' chunks */

DcCode remote_reader_open(Remote *remote, Str url, const char *version, bool regular, uint64_t from, uint64_t to, RemoteReader **out, DcError *err) {
  (void)err;
  RemoteReader *reader = dc_alloc(sizeof *reader);
  *reader = (RemoteReader){.remote = remote, .next = from, .to = to, .ranges = regular, .streaming = true};
  reader->url = dc_alloc(url.len + 1);
  memcpy(reader->url, url.data, url.len);
  reader->version = dc_alloc(version ? strlen(version) + 1 : 1);
  if (version) memcpy(reader->version, version, strlen(version));
  pthread_mutex_init(&reader->lock, NULL);
  pthread_cond_init(&reader->changed, NULL);
  *out = reader;
  return DC_OK;
}

static void drop(Chunk *chunk) {
  if (chunk->slab) atomic_fetch_sub(&in_use, chunk->slab->size);
  slab_unref(chunk->slab);
  *chunk = (Chunk){.slab = NULL};
}

/* ---- ranges ---- */

static void read_chunk(void *self) {
  Chunk *chunk = self;
  RemoteReader *reader = chunk->reader;
  DcError err = {0};
  uint64_t got = 0;
  remote_give_up(&reader->closing);
  (void)!remote_read_at(reader->remote, str_of(reader->url), reader->version, chunk->offset, chunk->slab->data, chunk->size, &got, &err);
  pthread_mutex_lock(&reader->lock);
  chunk->got = got;
  chunk->err = err;
  chunk->ready = true;
  pthread_cond_broadcast(&reader->changed);
  pthread_mutex_unlock(&reader->lock);
}

/* With less room ranges are smaller and fewer, but one there always is. */
static DcCode ask_for_one(RemoteReader *reader, DcError *err) {
  uint64_t room = remote_room(), size = RANGE_BYTES, used = atomic_load(&in_use);
  while (size > LEAST_BYTES && (size > room / RANGES_AHEAD || used + size > room)) size /= 2;
  if (size > reader->to - reader->next) size = reader->to - reader->next;
  if (reader->count && used + size > room) return DC_OK;
  Chunk *chunk = &reader->chunks[(reader->first + reader->count) % PUSHED_AHEAD];
  *chunk = (Chunk){.reader = reader, .offset = reader->next, .size = size};
  DC_TRY(slab_new(remote_budget(), (size_t)size, "bytes of a remote file", &chunk->slab, err));
  atomic_fetch_add(&in_use, chunk->slab->size);
  reader->next += size;
  reader->count++;
  remote_background(read_chunk, chunk);
  return DC_OK;
}

static DcCode ask_ahead(RemoteReader *reader, DcError *err) {
  while (reader->count < RANGES_AHEAD && reader->next < reader->to) {
    size_t before = reader->count;
    DC_TRY(ask_for_one(reader, err));
    if (reader->count == before) break;
  }
  return DC_OK;
}

/* Hands out bytes of the first chunk, which is there and the reader's own; its slot is free when all of it is used. */
static size_t hand_out(RemoteReader *reader, void *data, size_t size) {
  Chunk *chunk = &reader->chunks[reader->first];
  size_t got = chunk->got - reader->used < size ? (size_t)(chunk->got - reader->used) : size;
  if (got) memcpy(data, chunk->slab->data + reader->used, got);
  reader->used += got;
  if (reader->used < chunk->got) return got;
  if (chunk->got < chunk->size) reader->next = reader->to; /* the end of a file whose size nobody told */
  drop(chunk);
  reader->used = 0;
  pthread_mutex_lock(&reader->lock);
  reader->first = (reader->first + 1) % PUSHED_AHEAD;
  reader->count--;
  if (reader->count <= PUSHED_AHEAD / 2) pthread_cond_broadcast(&reader->changed);
  pthread_mutex_unlock(&reader->lock);
  return got;
}

static DcCode cut_short(const RemoteReader *reader, uint64_t end, DcError *err) {
  return dc_fail(err, "cannot read %s: it ends at byte %llu, before its end", reader->url, (unsigned long long)end);
}

static DcCode read_ranges(RemoteReader *reader, void *data, size_t size, size_t *got, DcError *err) {
  DC_TRY(ask_ahead(reader, err));
  if (!reader->count) return DC_OK;
  Chunk *chunk = &reader->chunks[reader->first];
  pthread_mutex_lock(&reader->lock);
  while (!chunk->ready) pthread_cond_wait(&reader->changed, &reader->lock);
  pthread_mutex_unlock(&reader->lock);
  if (chunk->err.code != DC_OK) {
    *err = chunk->err;
    return err->code;
  }
  if (chunk->got < chunk->size && reader->to != UINT64_MAX) return cut_short(reader, chunk->offset + chunk->got, err);
  *got = hand_out(reader, data, size);
  return DC_OK;
}

/* ---- the stream ---- */

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

/* Waits until the ring has room for bytes of the stream; false: no more are wanted. Many at a time, as each wait costs a switch of threads. */
static bool wait_for_room(RemoteReader *reader) {
  pthread_mutex_lock(&reader->lock);
  if (reader->answered == 0) reader->answered = now();
  bool full = reader->count == PUSHED_AHEAD || (reader->count && atomic_load(&in_use) + PUSHED_BYTES > remote_room());
  while (full && reader->count > PUSHED_AHEAD / 2 && !reader->halt) pthread_cond_wait(&reader->changed, &reader->lock);
  while (full && reader->count && atomic_load(&in_use) + PUSHED_BYTES > remote_room() && !reader->halt) pthread_cond_wait(&reader->changed, &reader->lock);
  bool wanted = !reader->halt && reader->next < reader->to;
  pthread_mutex_unlock(&reader->lock);
  return wanted;
}

/* Bytes from the server: put into chunks, as far as there is room for them. The slot behind the others is the stream's own. */
static bool take(void *self, const void *data, size_t size) {
  RemoteReader *reader = self;
  const char *from = data;
  while (size && wait_for_room(reader)) {
    size_t part = size < PUSHED_BYTES ? size : PUSHED_BYTES;
    if (part > reader->to - reader->next) part = (size_t)(reader->to - reader->next);
    Chunk chunk = {.reader = reader, .offset = reader->next, .size = part, .got = part, .ready = true};
    DcError err = {0};
    bool fine = slab_new(remote_budget(), part, "bytes of a remote file", &chunk.slab, &err) == DC_OK;
    if (fine) {
      atomic_fetch_add(&in_use, chunk.slab->size);
      memcpy(chunk.slab->data, from, part);
    }
    pthread_mutex_lock(&reader->lock);
    if (fine) {
      reader->chunks[(reader->first + reader->count) % PUSHED_AHEAD] = chunk;
      reader->next += part;
      if (!reader->count++) pthread_cond_broadcast(&reader->changed);
    } else {
      reader->failure = err;
    }
    pthread_mutex_unlock(&reader->lock);
    if (!fine) return false;
    from += part;
    size -= part;
  }
  return !size && reader->next < reader->to;
}

static void *run_stream(void *self) {
  RemoteReader *reader = self;
  RemoteError error = {0};
  DcError err = {0};
  remote_give_up(&reader->closing);
  int status = remote_module(reader->remote)->read_from(remote_store(reader->remote), reader->url, reader->version, reader->next, take, reader, &error);
  pthread_mutex_lock(&reader->lock);
  bool enough = reader->halt || reader->next == reader->to;
  if (status != 0 && !enough) remote_failed("read", str_of(reader->url), &error, &err);
  else if (!enough && reader->to != UINT64_MAX) (void)!cut_short(reader, reader->next, &err);
  if (reader->failure.code == DC_OK) reader->failure = err;
  reader->at_end = true;
  pthread_cond_broadcast(&reader->changed);
  pthread_mutex_unlock(&reader->lock);
  return NULL;
}

static DcCode start_stream(RemoteReader *reader, DcError *err) {
  sigset_t all, before;
  sigfillset(&all);
  reader->asked = now();
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(&reader->thread, NULL, run_stream, reader);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (error) return dc_fail_errno(err, error, "cannot read %s", reader->url);
  reader->started = true;
  return DC_OK;
}

static void end_stream(RemoteReader *reader) {
  pthread_mutex_lock(&reader->lock);
  reader->halt = true;
  pthread_cond_broadcast(&reader->changed);
  pthread_mutex_unlock(&reader->lock);
  pthread_join(reader->thread, NULL);
  reader->started = false;
}

/* Would ranges be better for the rest? What has come of the stream stays in the ring before them. */
static void judge(RemoteReader *reader) {
  pthread_mutex_lock(&reader->lock);
  reader->judged = true;
  bool slow = reader->waited > (now() - reader->answered) / 2, soon = reader->answered - reader->asked < SOON;
  bool leave = slow && soon && reader->to - reader->next > TRIAL_BYTES;
  pthread_mutex_unlock(&reader->lock);
  if (!leave) return;
  end_stream(reader);
  reader->streaming = reader->failure.code != DC_OK;
}

static DcCode read_stream(RemoteReader *reader, void *data, size_t size, size_t *got, DcError *err) {
  if (!reader->started && !reader->count) {
    if (reader->next == reader->to) return DC_OK;
    DC_TRY(start_stream(reader, err));
  }
  pthread_mutex_lock(&reader->lock);
  double before = reader->count ? 0 : now();
  while (!reader->count && !reader->at_end) pthread_cond_wait(&reader->changed, &reader->lock);
  if (before > 0) reader->waited += now() - (before > reader->answered ? before : reader->answered);
  bool there = reader->count;
  if (!there && reader->failure.code != DC_OK) *err = reader->failure;
  pthread_mutex_unlock(&reader->lock);
  if (there) *got = hand_out(reader, data, size);
  reader->taken += *got;
  if (reader->ranges && !reader->judged && reader->taken >= TRIAL_BYTES) judge(reader);
  return err->code;
}

/* ---- both ---- */

DcCode remote_reader_fetch(RemoteReader *reader, DcError *err) {
  uint64_t size = reader->to - reader->next, got = 0;
  Chunk chunk = {.reader = reader, .offset = reader->next, .size = size, .ready = true};
  DcError ignored = {0};
  if (!reader->ranges || reader->started || reader->count || !size || atomic_load(&in_use) + size > remote_room()) return DC_OK;
  if (slab_new(remote_budget(), (size_t)size, "bytes of a remote file", &chunk.slab, &ignored) != DC_OK) return DC_OK;
  atomic_fetch_add(&in_use, chunk.slab->size);
  if (remote_read_at(reader->remote, str_of(reader->url), reader->version, chunk.offset, chunk.slab->data, size, &got, err) == DC_OK && got < size)
    (void)!cut_short(reader, chunk.offset + got, err);
  if (err->code != DC_OK) {
    drop(&chunk);
    return err->code;
  }
  chunk.got = got;
  reader->chunks[0] = chunk;
  reader->count = 1;
  reader->next = reader->to;
  return DC_OK;
}

DcCode remote_reader_read(RemoteReader *reader, void *data, size_t size, size_t *got, DcError *err) {
  *got = 0;
  if (!size) return DC_OK;
  return reader->streaming ? read_stream(reader, data, size, got, err) : read_ranges(reader, data, size, got, err);
}

/* What is on its way ends soon: it looks at closing. */
void remote_reader_close(RemoteReader *reader) {
  if (!reader) return;
  atomic_store(&reader->closing, true);
  if (reader->started) end_stream(reader);
  pthread_mutex_lock(&reader->lock);
  for (size_t i = 0; i < reader->count; i++)
    while (!reader->chunks[(reader->first + i) % PUSHED_AHEAD].ready) pthread_cond_wait(&reader->changed, &reader->lock);
  pthread_mutex_unlock(&reader->lock);
  for (size_t i = 0; i < PUSHED_AHEAD; i++) drop(&reader->chunks[i]);
  pthread_mutex_destroy(&reader->lock);
  pthread_cond_destroy(&reader->changed);
  dc_free(reader->url);
  dc_free(reader->version);
  dc_free(reader);
}
