/* remote_read.c - reads a remote file in order. Ranges of it are asked for ahead, at once: one small one first, as nobody knows
 * yet how far it is read, then larger ones and more of them. What a server gives only as a whole comes by a thread of its own.
 */
#include <pthread.h>
#include <signal.h>

#include "io/remote.h"

enum { AHEAD = 5, FIRST_BYTES = 64 << 10, MOST_BYTES = 8 << 20, GROWTH = 4, PUSHED_BYTES = 256 << 10 };

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
  uint64_t next, to; /* the next byte to be asked for; the end */
  uint64_t size;     /* of the next range */
  bool whole;        /* one thread gets all of it */
  bool at_end;
  atomic_bool closing;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  Chunk chunks[AHEAD]; /* a ring: in the order of the file */
  size_t first, count, most; /* most: how many may be on their way */
  uint64_t used;       /* of the first one */
  pthread_t thread;    /* whole */
  bool started;
  DcError failure;
};

static atomic_ullong in_use; /* bytes of all readers' chunks */

DcCode remote_reader_open(Remote *remote, Str url, const char *version, bool regular, uint64_t from, uint64_t to, RemoteReader **out, DcError *err) {
  (void)err;
  RemoteReader *reader = dc_alloc(sizeof *reader);
  *reader = (RemoteReader){.remote = remote, .next = from, .to = to, .size = FIRST_BYTES, .whole = !regular, .most = 1};
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
  uint64_t room = remote_room(), size = reader->size, used = atomic_load(&in_use);
  while (size > FIRST_BYTES && (size > room / AHEAD || used + size > room)) size /= 2;
  if (size > reader->to - reader->next) size = reader->to - reader->next;
  if (reader->count && used + size > room) return DC_OK;
  Chunk *chunk = &reader->chunks[(reader->first + reader->count) % AHEAD];
  *chunk = (Chunk){.reader = reader, .offset = reader->next, .size = size};
  DC_TRY(slab_new(remote_budget(), (size_t)size, "bytes of a remote file", &chunk->slab, err));
  atomic_fetch_add(&in_use, chunk->slab->size);
  reader->next += size;
  reader->count++;
  remote_background(read_chunk, chunk);
  return DC_OK;
}

/* What comes next is larger; only who goes on and on gets several ranges at once. */
static DcCode ask_ahead(RemoteReader *reader, DcError *err) {
  while (reader->count < reader->most && reader->next < reader->to) {
    size_t before = reader->count;
    DC_TRY(ask_for_one(reader, err));
    if (reader->count == before) break;
    if (reader->size * GROWTH <= MOST_BYTES) reader->size *= GROWTH;
    else reader->size = MOST_BYTES;
    if (reader->size > (1 << 20)) reader->most = AHEAD;
  }
  return DC_OK;
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
  if (chunk->got < chunk->size && reader->to != UINT64_MAX)
    return dc_fail(err, "cannot read %s: it ends at byte %llu, before its end", reader->url, (unsigned long long)(chunk->offset + chunk->got));
  *got = chunk->got - reader->used < size ? (size_t)(chunk->got - reader->used) : size;
  if (*got) memcpy(data, chunk->slab->data + reader->used, *got);
  reader->used += *got;
  if (reader->used < chunk->got) return DC_OK;
  if (chunk->got < chunk->size) reader->next = reader->to; /* the end of a file whose size nobody told */
  drop(chunk);
  reader->used = 0;
  reader->first = (reader->first + 1) % AHEAD;
  reader->count--;
  return DC_OK;
}

/* ---- the whole ---- */

/* Bytes from the server: put into chunks, as far as there is room for them. */
static bool take(void *self, const void *data, size_t size) {
  RemoteReader *reader = self;
  const char *from = data;
  bool ok = true;
  pthread_mutex_lock(&reader->lock);
  while (size && ok) {
    while (reader->count == AHEAD && !atomic_load(&reader->closing)) pthread_cond_wait(&reader->changed, &reader->lock);
    if (atomic_load(&reader->closing)) ok = false;
    size_t part = size < PUSHED_BYTES ? size : PUSHED_BYTES;
    Chunk *chunk = &reader->chunks[(reader->first + reader->count) % AHEAD];
    if (ok) *chunk = (Chunk){.reader = reader, .size = part, .got = part};
    if (ok && slab_new(remote_budget(), part, "bytes of a remote file", &chunk->slab, &reader->failure) != DC_OK) ok = false;
    if (!ok) break;
    atomic_fetch_add(&in_use, chunk->slab->size);
    memcpy(chunk->slab->data, from, part);
    chunk->ready = true;
    reader->count++;
    from += part;
    size -= part;
    pthread_cond_broadcast(&reader->changed);
  }
  pthread_mutex_unlock(&reader->lock);
  return ok;
}

static void *read_whole(void *self) {
  RemoteReader *reader = self;
  RemoteError error = {0};
  DcError err = {0};
  remote_give_up(&reader->closing);
  int status = remote_module(reader->remote)->read_all(remote_store(reader->remote), reader->url, take, reader, &error);
  if (status != 0) remote_failed("read", str_of(reader->url), &error, &err);
  pthread_mutex_lock(&reader->lock);
  if (reader->failure.code == DC_OK) reader->failure = err;
  reader->at_end = true;
  pthread_cond_broadcast(&reader->changed);
  pthread_mutex_unlock(&reader->lock);
  return NULL;
}

static DcCode start_whole(RemoteReader *reader, DcError *err) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(&reader->thread, NULL, read_whole, reader);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (error) return dc_fail_errno(err, error, "cannot read %s", reader->url);
  reader->started = true;
  return DC_OK;
}

static DcCode read_pushed(RemoteReader *reader, void *data, size_t size, size_t *got, DcError *err) {
  if (!reader->started) DC_TRY(start_whole(reader, err));
  pthread_mutex_lock(&reader->lock);
  while (!reader->count && !reader->at_end) pthread_cond_wait(&reader->changed, &reader->lock);
  if (reader->count) {
    Chunk *chunk = &reader->chunks[reader->first];
    *got = chunk->got - reader->used < size ? (size_t)(chunk->got - reader->used) : size;
    memcpy(data, chunk->slab->data + reader->used, *got);
    reader->used += *got;
    if (reader->used == chunk->got) {
      drop(chunk);
      reader->used = 0;
      reader->first = (reader->first + 1) % AHEAD;
      reader->count--;
      pthread_cond_broadcast(&reader->changed);
    }
  } else if (reader->failure.code != DC_OK) {
    *err = reader->failure;
  }
  pthread_mutex_unlock(&reader->lock);
  return err->code;
}

/* ---- both ---- */

DcCode remote_reader_read(RemoteReader *reader, void *data, size_t size, size_t *got, DcError *err) {
  *got = 0;
  if (!size) return DC_OK;
  return reader->whole ? read_pushed(reader, data, size, got, err) : read_ranges(reader, data, size, got, err);
}

/* Ranges on their way end soon: they look at closing. */
void remote_reader_close(RemoteReader *reader) {
  if (!reader) return;
  pthread_mutex_lock(&reader->lock);
  atomic_store(&reader->closing, true);
  pthread_cond_broadcast(&reader->changed);
  for (size_t i = 0; i < reader->count && !reader->whole; i++)
    while (!reader->chunks[(reader->first + i) % AHEAD].ready) pthread_cond_wait(&reader->changed, &reader->lock);
  pthread_mutex_unlock(&reader->lock);
  if (reader->started) pthread_join(reader->thread, NULL);
  for (size_t i = 0; i < AHEAD; i++) drop(&reader->chunks[i]);
  pthread_mutex_destroy(&reader->lock);
  pthread_cond_destroy(&reader->changed);
  dc_free(reader->url);
  dc_free(reader->version);
  dc_free(reader);
}
