/* ahead.c - fetching the next small files by the threads that wait for networks.
 *
 * At most AT_ONCE of them are under way or wait for their turn, so that there are no more connections than that; fewer at the
 * beginning, as whoever reads some rows does not always go on.
 */
#include "engine/ahead.h"

#include "io/stream.h"

enum { AT_ONCE = 16, MOST_BYTES = 1 << 20 };

/* A file on its way. */
typedef struct Fetch {
  Ahead *ahead;
  const InputFile *file;
  size_t at; /* which segment it is for */
  InputStream *stream;
  DcError err;
  bool used, ready;
} Fetch;

struct Ahead {
  LoadPlan *plan;
  const Segment *const *segments;
  size_t count, asked; /* asked: segments before it were asked for, or need not be */
  pthread_mutex_t lock; /* of what fetches write */
  pthread_cond_t done;
  atomic_bool closing;
  Fetch fetches[AT_ONCE];
};

Ahead *ahead_new(LoadPlan *plan, const Segment *const *segments, size_t count) {
  Ahead *ahead = dc_alloc(sizeof *ahead);
  *ahead = (Ahead){.plan = plan, .segments = segments, .count = count, .asked = 1};
  pthread_mutex_init(&ahead->lock, NULL);
  pthread_cond_init(&ahead->done, NULL);
  return ahead;
}

static void fetch_file(void *self) {
  Fetch *fetch = self;
  Ahead *ahead = fetch->ahead;
  InputStream *stream = NULL;
  DcError err = {0};
  remote_give_up(&ahead->closing);
  if (stream_open(fetch->file, 0, UINT64_MAX, &stream, &err) == DC_OK) (void)!stream_fetch(stream, &err);
  pthread_mutex_lock(&ahead->lock);
  fetch->stream = stream;
  fetch->err = err;
  fetch->ready = true;
  pthread_cond_broadcast(&ahead->done);
  pthread_mutex_unlock(&ahead->lock);
}

/* Whole, small, elsewhere, and not open yet. */
static bool is_wanted(const Ahead *ahead, size_t at) {
  const Segment *segment = ahead->segments[at];
  const InputFile *file = &ahead->plan->files.files[segment->file];
  return file->remote && file->regular && !file->archive_len && file->size && file->size <= MOST_BYTES && !segment->from && segment->to == UINT64_MAX &&
         !ahead->plan->opened[segment->file].stream;
}

static void ask(Ahead *ahead, size_t at) {
  Fetch *fetch = &ahead->fetches[at % AT_ONCE];
  if (!is_wanted(ahead, at)) return;
  *fetch = (Fetch){.ahead = ahead, .file = &ahead->plan->files.files[ahead->segments[at]->file], .at = at, .used = true};
  remote_background(fetch_file, fetch);
}

static void wait_for(Ahead *ahead, const Fetch *fetch) {
  pthread_mutex_lock(&ahead->lock);
  while (!fetch->ready) pthread_cond_wait(&ahead->done, &ahead->lock);
  pthread_mutex_unlock(&ahead->lock);
}

DcCode ahead_take(Ahead *ahead, size_t at, DcError *err) {
  Fetch *fetch = &ahead->fetches[at % AT_ONCE];
  size_t window = at < 4 ? ((size_t)1 << at) - 1 : AT_ONCE - 1; /* 0, 1, 3, 7, 15: the slot of this one is in use */
  if (ahead->asked <= at) ahead->asked = at + 1;
  for (; ahead->asked < ahead->count && ahead->asked <= at + window; ahead->asked++) ask(ahead, ahead->asked);
  if (!fetch->used || fetch->at != at) return DC_OK;
  wait_for(ahead, fetch);
  fetch->used = false;
  Opened *opened = &ahead->plan->opened[ahead->segments[at]->file];
  if (fetch->err.code != DC_OK || opened->stream) {
    stream_close(fetch->stream);
    *err = fetch->err;
    return err->code;
  }
  opened->stream = fetch->stream;
  opened->ahead.len = 0;
  opened->since = time(NULL);
  return DC_OK;
}

void ahead_free(Ahead *ahead) {
  if (!ahead) return;
  atomic_store(&ahead->closing, true);
  for (size_t i = 0; i < AT_ONCE; i++) {
    if (!ahead->fetches[i].used) continue;
    wait_for(ahead, &ahead->fetches[i]);
    stream_close(ahead->fetches[i].stream);
  }
  pthread_mutex_destroy(&ahead->lock);
  pthread_cond_destroy(&ahead->done);
  dc_free(ahead);
}
