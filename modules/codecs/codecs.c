/* codecs.c - the module dcetl-codecs.so: codecs that few scripts need, so that no start pays for what they link. */
#include "module.h"
#include "codecs.h"

#include <stdlib.h>
#include <string.h>

bool take_input(CodecBuffers *buffers, void *to, size_t *have, size_t want) {
  size_t more = want - *have < buffers->in_size ? want - *have : buffers->in_size;
  if (more) memcpy((char *)to + *have, buffers->in, more);
  buffers->in += more;
  buffers->in_size -= more;
  *have += more;
  return *have == want;
}

bool give_output(CodecBuffers *buffers, const char *text, size_t *at, size_t len) {
  size_t more = len - *at < buffers->out_size ? len - *at : buffers->out_size;
  if (more) memcpy(buffers->out, text + *at, more);
  buffers->out += more;
  buffers->out_size -= more;
  *at += more;
  return *at == len;
}

bool need_room(char **buffer, size_t *room, size_t wanted) {
  if (*buffer && *room >= wanted) return true;
  free(*buffer);
  *buffer = malloc(wanted ? wanted : 1);
  *room = *buffer ? wanted : 0;
  return *buffer != NULL;
}

void *level_new(int level) {
  int *encoder = malloc(sizeof *encoder);
  if (encoder) *encoder = level;
  return encoder;
}

static const CodecBackend *find(const char *name) {
  static const struct {
    const char *name;
    const CodecBackend *backend;
  } ALL[] = {{"bzip2", &codec_bzip2}, {"xz", &codec_xz}, {"lz4", &codec_lz4}, {"snappy", &codec_snappy}, {"sz", &codec_sz}};
  for (size_t i = 0; i < sizeof ALL / sizeof *ALL; i++)
    if (strcmp(name, ALL[i].name) == 0) return ALL[i].backend;
  return NULL;
}

MODULE_EXPORT const CodecsModule dcetl_codecs_module = {CODECS_MODULE_VERSION, find};
