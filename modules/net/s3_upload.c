/* s3_upload.c - writing objects: at once, or in parts that become an object together. The store checks the bytes against their SHA-256. */
#include "s3.h"

typedef struct Upload {
  RemoteUpload base;
  char *key, *id;
  bool complete;
  pthread_mutex_t lock; /* over tags */
  char **tags;          /* ETags of parts, from part 1 on; NULL: not there */
  size_t count, cap;
  uint64_t size; /* of all parts */
  bool unsure;   /* a part failed, and may arrive nevertheless */
} Upload;

enum { LATE_MS = 300 };

static int send_body(RemoteStore *store, const char *key, Pairs *query, const char *content_type, const void *data, uint64_t size, Response *response, RemoteError *error) {
  Request request = {.body = data, .body_size = size};
  int status = s3_request(store, "PUT", key, query, &request, error);
  if (content_type) pairs_put(&request.headers, "Content-Type", content_type);
  if (status == 0) status = client_send(&store->client, &request, response, error);
  request_free(&request);
  return status;
}

int s3_put(RemoteStore *store, const char *url, const char *content_type, const void *data, uint64_t size, RemoteError *error) {
  Response response = {.status = 0};
  int status = send_body(store, url_path(url), NULL, content_type, data, size, &response, error);
  response_free(&response);
  return status;
}

int s3_remove(RemoteStore *store, const char *url, RemoteError *error) {
  Request request = {.missing_fine = true};
  Response response = {.status = 0};
  int status = s3_request(store, "DELETE", url_path(url), NULL, &request, error);
  if (status == 0) status = client_send(&store->client, &request, &response, error);
  request_free(&request);
  response_free(&response);
  return status;
}

/* --- In parts --- */

static void forget(Upload *upload) {
  for (size_t i = 0; i < upload->count; i++) free(upload->tags[i]);
  free(upload->tags);
  free(upload->key);
  free(upload->id);
  pthread_mutex_destroy(&upload->lock);
  free(upload);
}

int s3_begin(RemoteStore *store, const char *url, const char *content_type, RemoteUpload **out, RemoteError *error) {
  Upload *upload = calloc(1, sizeof *upload);
  if (!upload) return net_no_memory(error);
  upload->base.store = store;
  pthread_mutex_init(&upload->lock, NULL);
  upload->key = strdup(url_path(url));
  Pairs query = {.items = NULL};
  Request request = {.method = NULL};
  Response response = {.status = 0};
  pairs_put(&query, "uploads", "");
  int status = upload->key ? s3_request(store, "POST", upload->key, &query, &request, error) : net_no_memory(error);
  if (content_type) pairs_put(&request.headers, "Content-Type", content_type);
  if (status == 0) status = client_send(&store->client, &request, &response, error);
  XmlNode *root = status == 0 ? xml_read(text_of(&response.body), response.body.len) : NULL;
  const char *id = xml_text(root, "UploadId");
  if (*id) upload->id = strdup(id);
  if (status == 0 && !upload->id) status = net_fail(error, REMOTE_FAILED, "the store gives no id for the upload");
  xml_free(root);
  request_free(&request);
  response_free(&response);
  if (status == 0)
    *out = &upload->base;
  else
    forget(upload);
  return status;
}

static int keep_tag(Upload *upload, uint32_t number, const char *tag, uint64_t size, RemoteError *error) {
  char *copy = tag ? strdup(tag) : NULL;
  if (!tag) return net_fail(error, REMOTE_FAILED, "the store gives no ETag for part %u", number);
  bool fine = copy;
  pthread_mutex_lock(&upload->lock);
  while (fine && upload->count < number) {
    char **tags = module_room(upload->tags, upload->count, &upload->cap, sizeof *tags, 100000);
    fine = tags;
    if (!tags) break;
    upload->tags = tags;
    upload->tags[upload->count++] = NULL;
  }
  if (fine) {
    free(upload->tags[number - 1]);
    upload->tags[number - 1] = copy;
    upload->size += size;
  }
  pthread_mutex_unlock(&upload->lock);
  if (fine) return 0;
  free(copy);
  return net_no_memory(error);
}

int s3_part(RemoteUpload *base, uint32_t number, const void *data, uint64_t size, RemoteError *error) {
  Upload *upload = (Upload *)base;
  char text[16];
  snprintf(text, sizeof text, "%u", number);
  Pairs query = {.items = NULL};
  pairs_put(&query, "partNumber", text);
  pairs_put(&query, "uploadId", upload->id);
  Response response = {.status = 0};
  int status = number ? send_body(base->store, upload->key, &query, NULL, data, size, &response, error) : net_fail(error, REMOTE_FAILED, "parts begin with 1");
  if (status == 0) status = keep_tag(upload, number, pairs_get(&response.headers, "ETag"), size, error);
  response_free(&response);
  if (status != 0) {
    pthread_mutex_lock(&upload->lock);
    upload->unsure = true;
    pthread_mutex_unlock(&upload->lock);
  }
  return status;
}

static void put_escaped(Bytes *out, const char *text) {
  for (; *text; text++) {
    const char *name = *text == '&' ? "&amp;" : *text == '<' ? "&lt;" : *text == '>' ? "&gt;" : *text == '"' ? "&quot;" : NULL;
    if (name)
      text_put(out, name);
    else
      text_put_len(out, text, 1);
  }
}

/* 200 may have an error in it: the store had begun its answer when it found out. */
static Verdict judge_complete(void *self, Request *request, const Response *response, RemoteError *error) {
  if (response->status / 100 != 2) return s3_judge(self, request, response, error);
  XmlNode *root = xml_read(text_of(&response->body), response->body.len);
  bool fine = root && strcmp(root->name, "Error") != 0;
  xml_free(root);
  if (fine) return VERDICT_FINE;
  Verdict verdict = s3_judge_error(self, request, response, error);
  return response->body.len ? verdict : VERDICT_AGAIN;
}

/* After an answer was lost, a second wish is told that there is no such upload: then the object is there, as long as all parts. */
static bool is_there(RemoteStore *store, const Upload *upload) {
  RemoteError ignored = {.kind = REMOTE_FAILED};
  Request request = {.method = NULL};
  Response response = {.status = 0};
  RemoteInfo info = {.size = UINT64_MAX};
  if (s3_request(store, "HEAD", upload->key, NULL, &request, &ignored) == 0 && client_send(&store->client, &request, &response, &ignored) == 0)
    response_info(&response, &info);
  request_free(&request);
  response_free(&response);
  return info.size == upload->size;
}

int s3_complete(RemoteUpload *base, RemoteError *error) {
  Upload *upload = (Upload *)base;
  RemoteStore *store = base->store;
  Bytes body = {.data = NULL};
  text_put(&body, "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
  for (size_t i = 0; i < upload->count; i++) {
    if (!upload->tags[i]) {
      bytes_free(&body);
      return net_fail(error, REMOTE_FAILED, "part %zu of the upload is missing", i + 1);
    }
    text_format(&body, "<Part><PartNumber>%zu</PartNumber><ETag>", i + 1);
    put_escaped(&body, upload->tags[i]);
    text_put(&body, "</ETag></Part>");
  }
  text_put(&body, "</CompleteMultipartUpload>");
  Pairs query = {.items = NULL};
  Request request = {.body = text_of(&body), .body_size = body.len};
  Response response = {.status = 0};
  RemoteError found = {.kind = REMOTE_FAILED};
  pairs_put(&query, "uploadId", upload->id);
  int status = body.failed ? net_no_memory(error) : s3_request(store, "POST", upload->key, &query, &request, error);
  request.judge = judge_complete;
  pairs_put(&request.headers, "Content-Type", "application/xml");
  if (status == 0) {
    status = client_send(&store->client, &request, &response, &found);
    if (status != 0 && found.kind == REMOTE_MISSING && is_there(store, upload)) status = 0;
    if (status != 0 && !error->text[0]) *error = found;
  }
  upload->complete = status == 0;
  request_free(&request);
  response_free(&response);
  bytes_free(&body);
  return status;
}

/* Parts that are still on their way may stay behind, so Amazon advises to abort once more where some failed. */
static void abort_upload(const Upload *upload) {
  RemoteStore *store = upload->base.store;
  const struct timespec pause = {.tv_nsec = LATE_MS * 1000000L};
  for (int left = upload->unsure ? 2 : 1; left; left--) {
    Pairs query = {.items = NULL};
    Request request = {.urgent = true, .missing_fine = true};
    Response response = {.status = 0};
    RemoteError found = {.kind = REMOTE_FAILED};
    pairs_put(&query, "uploadId", upload->id);
    if (s3_request(store, "DELETE", upload->key, &query, &request, &found) != 0 || client_send(&store->client, &request, &response, &found) != 0)
      client_debug(&store->client, "an upload could not be removed: %s", found.text);
    request_free(&request);
    response_free(&response);
    if (left > 1) nanosleep(&pause, NULL);
  }
}

void s3_free_upload(RemoteUpload *base) {
  Upload *upload = (Upload *)base;
  if (!upload->complete) abort_upload(upload);
  forget(upload);
}
