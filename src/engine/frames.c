/* frames.c - groups of members of a compressed file, decompressed ahead in parallel. */
#include "engine/frames.h"

#include "io/spans.h"

typedef enum GroupState { GROUP_WAITING, GROUP_TAKEN, GROUP_READY } GroupState;

typedef struct Group {
  size_t first, end; /* frames */
  uint64_t content, size;
  GroupState state;
  Slab *slab;
  DcError err;
} Group;

struct Frames {
  Engine *engine;
  InputFile file;
  FileSpan *spans;
  Group *groups;
  size_t group_count, ahead;
  size_t reading, claimed; /* groups */
  uint64_t at;             /* bytes of the group that is read */
  uint64_t bytes;
  int refs;
  pthread_mutex_t lock;
  pthread_cond_t ready;
};

/* Groups of about a block each. false: a frame is too large. */
static bool make_groups(Frames *frames, size_t count, size_t block) {
  uint64_t most = frames->engine->options.memory / ((uint64_t)pool_threads(frames->engine->pool) * 16);
  size_t cap = 0;
  for (size_t i = 0; i < count;) {
    Group group = {.first = i};
    while (i < count && (group.content == 0 || group.content + frames->spans[i].content <= block)) {
      group.content += frames->spans[i].content;
      group.size += frames->spans[i].size;
      i++;
    }
    group.end = i;
    if (group.content > most && group.content > block) return false;
    VEC_GROW(frames->groups, frames->group_count, cap);
    frames->groups[frames->group_count++] = group;
  }
  return frames->group_count > 1;
}

DcCode frames_open(Engine *engine, const InputFile *file, Frames **out, DcError *err) {
  size_t count = 0;
  FileSpan *spans = NULL;
  *out = NULL;
  if (pool_threads(engine->pool) < 2 && file->codec == CODEC_ZSTD) return DC_OK; /* of gzip, the library for whole members is the faster one */
  DC_TRY(spans_list(file, &spans, &count, err));
  if (count < 2) {
    dc_free(spans);
    return DC_OK;
  }
  Frames *frames = dc_alloc(sizeof *frames);
  *frames = (Frames){.engine = engine, .file = *file, .spans = spans, .refs = 1};
  frames->ahead = (size_t)pool_threads(engine->pool) * 2;
  pthread_mutex_init(&frames->lock, NULL);
  pthread_cond_init(&frames->ready, NULL);
  if (make_groups(frames, count, engine_block_size(engine))) *out = frames;
  else frames_unref(frames);
  return DC_OK;
}

void frames_ref(Frames *frames) {
  pthread_mutex_lock(&frames->lock);
  frames->refs++;
  pthread_mutex_unlock(&frames->lock);
}

void frames_unref(Frames *frames) {
  if (!frames) return;
  pthread_mutex_lock(&frames->lock);
  int left = --frames->refs;
  pthread_mutex_unlock(&frames->lock);
  if (left) return;
  for (size_t i = 0; i < frames->group_count; i++) slab_unref(frames->groups[i].slab);
  dc_free(frames->groups);
  dc_free(frames->spans);
  pthread_cond_destroy(&frames->ready);
  pthread_mutex_destroy(&frames->lock);
  dc_free(frames);
}

/* Without the lock: the group is this thread's. */
static DcCode decompress(Frames *frames, Group *group, DcError *err) {
  DC_TRY(slab_new(frames->engine->budget, group->content, "decompressed text", &group->slab, err));
  return spans_read(&frames->file, frames->spans + group->first, group->end - group->first, group->slab->data, err);
}

/* With the lock held on entry and on return. */
static void take_group(Frames *frames, Group *group) {
  group->state = GROUP_TAKEN;
  pthread_mutex_unlock(&frames->lock);
  DcError err = {0};
  (void)!decompress(frames, group, &err);
  pthread_mutex_lock(&frames->lock);
  group->err = err;
  group->state = GROUP_READY;
  pthread_cond_broadcast(&frames->ready);
}

void frames_help(Frames *frames) {
  pthread_mutex_lock(&frames->lock);
  while (frames->claimed < frames->group_count && frames->groups[frames->claimed].state != GROUP_WAITING) frames->claimed++;
  if (frames->claimed < frames->group_count && frames->claimed < frames->reading + frames->ahead) take_group(frames, &frames->groups[frames->claimed++]);
  pthread_mutex_unlock(&frames->lock);
}

DcCode frames_read(Frames *frames, char *data, size_t size, size_t *got, DcError *err) {
  *got = 0;
  if (frames->reading >= frames->group_count) return DC_OK;
  Group *group = &frames->groups[frames->reading];
  pthread_mutex_lock(&frames->lock);
  if (group->state == GROUP_WAITING) take_group(frames, group);
  while (group->state != GROUP_READY) pthread_cond_wait(&frames->ready, &frames->lock);
  pthread_mutex_unlock(&frames->lock);
  if (group->err.code != DC_OK) {
    *err = group->err;
    return err->code;
  }
  *got = group->content - frames->at < size ? (size_t)(group->content - frames->at) : size;
  if (*got) memcpy(data, group->slab->data + frames->at, *got);
  frames->at += *got;
  if (frames->at < group->content) return DC_OK;
  pthread_mutex_lock(&frames->lock);
  slab_unref(group->slab);
  group->slab = NULL;
  frames->bytes += group->size;
  frames->at = 0;
  frames->reading++;
  pthread_mutex_unlock(&frames->lock);
  return *got ? DC_OK : frames_read(frames, data, size, got, err);
}

uint64_t frames_bytes(const Frames *frames) { return frames->bytes; }
