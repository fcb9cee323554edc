/* remote.c - stores of object stores and web servers: finding or opening them, and calls to the module.
 *
 * The first bytes of a file are asked for several times (what is it compressed by, which columns has it, its first rows), so
 * those that were read last are kept for a while.
 */
#include "io/remote.h"

#include <pthread.h>
#include <stdio.h>

#include "base/fault.h"
#include "base/interrupt.h"
#include "base/module.h"
#include "base/secret.h"

enum { HEAD_BYTES = 64 << 10, HEADS = 16 };

/* The first bytes of a file. */
typedef struct FileHead {
  char *url, *version; /* url NULL: not used */
  char *data;
  size_t size;
} FileHead;

struct Remote {
  char *key; /* root and options, to find it again */
  const RemoteModule *module;
  RemoteStore *store;
  pthread_mutex_t lock; /* of the heads */
  FileHead heads[HEADS];
  size_t next_head;
  Remote *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of the list */
static Remote *remotes;
static const RemoteModule *test_module;

void remote_use_module(const RemoteModule *module) { test_module = module; }

/* ---- URLs ---- */

static const struct {
  const char *scheme;
  bool web; /* has a query behind ? */
} schemes[] = {{"s3", false}, {"s3a", false}, {"s3n", false}, {"gs", false}, {"az", false}, {"abfs", false}, {"abfss", false}, {"wasb", false}, {"wasbs", false},
               {"http", true}, {"https", true}, {"webhdfs", false}, {"swebhdfs", false}};

/* The number of the scheme of a URL; -1: none of ours. */
static int scheme_of(Str path) {
  const char *colon = path.len ? memchr(path.data, ':', path.len < 12 ? path.len : 12) : NULL;
  size_t len = colon ? (size_t)(colon - path.data) : 0;
  if (!len || len + 3 >= path.len || memcmp(colon, "://", 3) != 0) return -1;
  for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
    if (str_eq_nocase(str_make(path.data, len), str_of(schemes[i].scheme))) return (int)i;
  return -1;
}

bool remote_is(Str path) { return scheme_of(path) >= 0; }

bool remote_is_web(Str path) {
  int scheme = scheme_of(path);
  return scheme >= 0 && schemes[scheme].web;
}

Str remote_root(Str url) {
  const char *place = memchr(url.data, ':', url.len);
  size_t start = (size_t)(place - url.data) + 3;
  const char *slash = start < url.len ? memchr(url.data + start, '/', url.len - start) : NULL;
  return slash ? str_make(url.data, (size_t)(slash - url.data)) : url;
}

Str remote_name(Str url) {
  bool web = remote_is_web(url);
  for (size_t i = 0; web && i < url.len; i++)
    if (url.data[i] == '?' || url.data[i] == '#') return str_make(url.data, i);
  return url;
}

/* Is the value of a query's parameter of this name one that nobody should see? */
static bool is_secret_name(Str name) {
  static const char *const parts[] = {"sig", "token", "key", "secret", "password", "pwd", "credential", "auth", "delegation"};
  char lower[64];
  size_t len = name.len < sizeof lower - 1 ? name.len : sizeof lower - 1;
  for (size_t i = 0; i < len; i++) lower[i] = (char)(name.data[i] >= 'A' && name.data[i] <= 'Z' ? name.data[i] | 0x20 : name.data[i]);
  lower[len] = 0;
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
    if (strstr(lower, parts[i])) return true;
  return false;
}

static void note_query(Str query) {
  while (query.len) {
    const char *end = memchr(query.data, '&', query.len);
    Str item = str_make(query.data, end ? (size_t)(end - query.data) : query.len);
    const char *sign = memchr(item.data, '=', item.len);
    if (sign && is_secret_name(str_make(item.data, (size_t)(sign - item.data)))) secret_note(str_make(sign + 1, (size_t)(item.data + item.len - sign - 1)));
    size_t used = item.len + (end != NULL);
    query = str_make(query.data + used, query.len - used);
  }
}

/* Passwords before the host, and signatures and keys in the query, are shown nowhere. */
static void note_secrets(Str url) {
  Str root = remote_root(url), name = remote_name(url);
  const char *at = memrchr(root.data, '@', root.len), *start = (const char *)memchr(root.data, ':', root.len) + 3;
  const char *colon = at && at > start ? memchr(start, ':', (size_t)(at - start)) : NULL;
  if (colon) secret_note(str_make(colon + 1, (size_t)(at - colon - 1)));
  if (name.len < url.len) note_query(str_make(url.data + name.len + 1, url.len - name.len - 1));
}

/* ---- the module ---- */

static _Thread_local const atomic_bool *give_up;
static _Thread_local bool insists;

void remote_give_up(const atomic_bool *flag) { give_up = flag; }
void remote_insist(bool on) { insists = on; }

static bool stopped(void) { return (give_up && atomic_load_explicit(give_up, memory_order_relaxed)) || (!insists && interrupt_asked()); }
static void note_secret(const char *text) { secret_note(str_of(text)); }
static bool hides(const char *name, size_t len) { return is_secret_name(str_make(name, len)); }

static Log *_Atomic debug_log;

void remote_use_log(Log *log) { debug_log = log; }

static void tell_debug(const char *text) {
  Log *log = debug_log;
  if (log) log_text(log, LOG_LEVEL_DEBUG, (Position){0}, str_of(text));
}

static const RemoteHost host = {stopped, note_secret, hides, tell_debug};

static DcCode find_module(const RemoteModule **out, DcError *err) {
  static Module net = {.name = "net", .symbol = "dcetl_net_module", .version = REMOTE_MODULE_VERSION, .what = "object stores and web servers",
                       .package = "libcurl, libcrypto, expat and yyjson (Debian: libcurl4, libssl3, libexpat1, libyyjson0)"};
  const void *found = test_module;
  if (!found) DC_TRY(module_need(&net, &found, err));
  *out = found;
  return DC_OK;
}

DcCode remote_failed(const char *what, Str url, const RemoteError *error, DcError *err) {
  if (error->kind == REMOTE_STOPPED || (interrupt_asked() && !insists)) return dc_fail_at(err, DC_INTERRUPTED, (Position){0}, "interrupted");
  dc_fail(err, "cannot %s %.*s: %s", what, STR_ARG(url), error->text[0] ? error->text : "no reason given");
  if (error->hint[0]) dc_hint(err, "%s", error->hint);
  else if (error->kind == REMOTE_CHANGED) dc_hint(err, "something writes to it at the same time: run the script again");
  return err->code;
}

/* ---- stores ---- */

static char *key_of(Str url, const RemoteOptions *options) {
  Buf key = {0};
  buf_str(&key, remote_root(url));
  for (uint32_t i = 0; options && i < options->count; i++) buf_printf(&key, "\n%s=%s", options->items[i].name, options->items[i].value);
  buf_char(&key, 0);
  return key.data;
}

static bool has_scheme(const RemoteModule *module, Str url) {
  for (const char *const *scheme = module->schemes; *scheme; scheme++) {
    size_t len = strlen(*scheme);
    if (url.len > len && url.data[len] == ':' && str_eq_nocase(str_make(url.data, len), str_of(*scheme))) return true;
  }
  return false;
}

/* The caller holds the lock: of two threads that want the same one, one waits. */
static DcCode open_store(Str url, const RemoteOptions *options, char *key, Remote **out, DcError *err) {
  const RemoteModule *module;
  RemoteError error = {0};
  RemoteStore *store = NULL;
  DC_TRY(find_module(&module, err));
  if (!has_scheme(module, url)) {
    dc_fail(err, "%.*s: this build cannot read such paths", STR_ARG(url));
    return err->code;
  }
  Arena names = {0};
  const char *text = arena_copy(&names, url.data, url.len);
  if (module->open(&host, text, options ? options->items : NULL, options ? options->count : 0, &store, &error) != 0) remote_failed("open", url, &error, err);
  arena_free(&names);
  DC_TRY(err->code);
  Remote *remote = dc_alloc(sizeof *remote);
  *remote = (Remote){.key = key, .module = module, .store = store, .next = remotes};
  pthread_mutex_init(&remote->lock, NULL);
  remotes = *out = remote;
  return DC_OK;
}

DcCode remote_open(Str url, const RemoteOptions *options, Remote **out, DcError *err) {
  DcCode code = DC_OK;
  char *key = key_of(url, options);
  note_secrets(url);
  *out = NULL;
  pthread_mutex_lock(&lock);
  for (Remote *remote = remotes; remote && !*out; remote = remote->next)
    if (strcmp(remote->key, key) == 0 && (!test_module || remote->module == test_module)) *out = remote;
  bool known = *out;
  if (!known) code = open_store(url, options, key, out, err);
  pthread_mutex_unlock(&lock);
  if (known || code != DC_OK) dc_free(key);
  return code;
}

/* The root has no / at its end: what can be done with it goes for all of it. */
bool remote_can_write(const Remote *remote) {
  const char *end = strchr(remote->key, '\n');
  char *root = dc_alloc(strlen(remote->key) + 2);
  memcpy(root, remote->key, end ? (size_t)(end - remote->key) : strlen(remote->key));
  bool result = remote->module->can_write(root);
  dc_free(root);
  return result;
}

const RemoteModule *remote_module(const Remote *remote) { return remote->module; }
RemoteStore *remote_store(const Remote *remote) { return remote->store; }

/* ---- calls ---- */

static char *text_of(Str url) {
  char *text = dc_alloc(url.len + 1);
  memcpy(text, url.data, url.len);
  return text;
}

static bool due(RemoteError *error) {
  if (!fault_due()) return false;
  snprintf(error->text, sizeof error->text, "a failure on demand");
  return true;
}

DcCode remote_look(Remote *remote, Str url, RemoteInfo *out, DcError *err) {
  RemoteError error = {0};
  char *text = text_of(url);
  *out = (RemoteInfo){.kind = REMOTE_NONE};
  int status = due(&error) ? -1 : remote->module->look(remote->store, text, out, &error);
  dc_free(text);
  return status == 0 ? DC_OK : remote_failed("read", url, &error, err);
}

DcCode remote_list(Remote *remote, Str url, const char *begins, bool deep, bool (*found)(void *, const char *, const RemoteInfo *), void *self,
                   DcError *err) {
  RemoteError error = {0};
  char *text = text_of(url);
  int status = due(&error) ? -1 : remote->module->list(remote->store, text, begins, deep, found, self, &error);
  dc_free(text);
  return status == 0 ? DC_OK : remote_failed("list", url, &error, err);
}

/* ---- heads ---- */

static bool head_is(const FileHead *head, Str url, const char *version) { return head->url && str_is(url, head->url) && strcmp(head->version, version) == 0; }

/* A read of the beginning, if it is known. */
static bool from_head(Remote *remote, Str url, const char *version, void *data, uint64_t size, uint64_t *got) {
  bool found = false;
  if (!version || !*version || size > HEAD_BYTES) return false;
  pthread_mutex_lock(&remote->lock);
  for (size_t i = 0; i < HEADS && !found; i++) {
    const FileHead *head = &remote->heads[i];
    if (!head_is(head, url, version)) continue;
    *got = size < head->size ? size : head->size;
    memcpy(data, head->data, (size_t)*got);
    found = true;
  }
  pthread_mutex_unlock(&remote->lock);
  return found;
}

static void keep_head(Remote *remote, Str url, const char *version, const void *data, uint64_t size) {
  if (!version || !*version) return;
  pthread_mutex_lock(&remote->lock);
  bool known = false;
  for (size_t i = 0; i < HEADS && !known; i++) known = head_is(&remote->heads[i], url, version);
  if (!known) {
    FileHead *head = &remote->heads[remote->next_head++ % HEADS];
    dc_free(head->url);
    dc_free(head->version);
    if (!head->data) head->data = dc_realloc(NULL, HEAD_BYTES);
    head->url = text_of(url);
    head->version = text_of(str_of(version));
    head->size = (size_t)size;
    memcpy(head->data, data, head->size);
  }
  pthread_mutex_unlock(&remote->lock);
}

static DcCode read_range(Remote *remote, Str url, const char *version, uint64_t offset, void *data, uint64_t size, uint64_t *got, DcError *err) {
  RemoteError error = {0};
  char *text = text_of(url);
  int status = due(&error) ? -1 : remote->module->read_at(remote->store, text, version, offset, data, size, got, NULL, &error);
  dc_free(text);
  return status == 0 ? DC_OK : remote_failed("read", url, &error, err);
}

DcCode remote_read_at(Remote *remote, Str url, const char *version, uint64_t offset, void *data, uint64_t size, uint64_t *got, DcError *err) {
  *got = 0;
  if (offset || size > HEAD_BYTES) return read_range(remote, url, version, offset, data, size, got, err);
  if (from_head(remote, url, version, data, size, got)) return DC_OK;
  char *head = dc_realloc(NULL, HEAD_BYTES);
  uint64_t have = 0;
  DcCode code = read_range(remote, url, version, 0, head, HEAD_BYTES, &have, err);
  if (code == DC_OK) {
    keep_head(remote, url, version, head, have);
    *got = size < have ? size : have;
    memcpy(data, head, (size_t)*got);
  }
  dc_free(head);
  return code;
}
