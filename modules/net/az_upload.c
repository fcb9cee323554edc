/* az_upload.c - writing blobs: at once, or as blocks that become a blob together. Blocks that never do are removed by the store, after a week. */
#include <sys/random.h>

#include "az.h"

typedef struct Upload {
  RemoteUpload base;
  char *name, *content_type;
  uint64_t run; /* in the ids of blocks: those of another upload of the same name are not ours */
  pthread_mutex_t lock;
  uint32_t count; /* the highest number */
} Upload;

int az_put(RemoteStore *store, const char *url, const char *content_type, const void *data, uint64_t size, RemoteError *error) {
  Request request = {.body = data, .body_size = size};
  Response response = {.status = 0};
  int status = az_request(store, "PUT", url_path(url), NULL, &request, error);
  pairs_put(&request.signed_headers, "x-ms-blob-type", "BlockBlob");
  pairs_put(&request.headers, "Content-Type", content_type ? content_type : "application/octet-stream");
  if (status == 0) status = client_send(&store->client, &request, &response, error);
  request_free(&request);
  response_free(&response);
  return status;
}

int az_remove(RemoteStore *store, const char *url, RemoteError *error) {
  Request request = {.missing_fine = true};
  Response response = {.status = 0};
  int status = az_request(store, "DELETE", url_path(url), NULL, &request, error);
  if (status == 0) status = client_send(&store->client, &request, &response, error);
  request_free(&request);
  response_free(&response);
  return status;
}

int az_begin(RemoteStore *store, const char *url, const char *content_type, RemoteUpload **out, RemoteError *error) {
  Upload *upload = calloc(1, sizeof *upload);
  if (!upload) return net_no_memory(error);
  upload->base.store = store;
  pthread_mutex_init(&upload->lock, NULL);
  if (getrandom(&upload->run, sizeof upload->run, 0) != sizeof upload->run) upload->run = (uint64_t)time(NULL);
  upload->name = strdup(url_path(url));
  upload->content_type = strdup(content_type ? content_type : "application/octet-stream");
  *out = &upload->base;
  if (upload->name && upload->content_type) return 0;
  az_free_upload(*out);
  *out = NULL;
  return net_no_memory(error);
}

static void put_id(const Upload *upload, uint32_t number, Bytes *out) {
  char text[32];
  int len = snprintf(text, sizeof text, "%016llx%08u", (unsigned long long)upload->run, number);
  text_base64(out, text, (size_t)len, false);
}

int az_part(RemoteUpload *base, uint32_t number, const void *data, uint64_t size, RemoteError *error) {
  Upload *upload = (Upload *)base;
  Pairs query = {.items = NULL};
  Bytes id = {.data = NULL};
  Request request = {.body = data, .body_size = size};
  Response response = {.status = 0};
  put_id(upload, number, &id);
  pairs_put(&query, "comp", "block");
  pairs_put(&query, "blockid", text_of(&id));
  int status = az_request(base->store, "PUT", upload->name, &query, &request, error);
  if (status == 0) status = client_send(&base->store->client, &request, &response, error);
  pthread_mutex_lock(&upload->lock);
  if (number > upload->count) upload->count = number;
  pthread_mutex_unlock(&upload->lock);
  bytes_free(&id);
  request_free(&request);
  response_free(&response);
  return status;
}

int az_complete(RemoteUpload *base, RemoteError *error) {
  Upload *upload = (Upload *)base;
  Bytes body = {.data = NULL};
  text_put(&body, "<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>");
  for (uint32_t number = 1; number <= upload->count; number++) {
    text_put(&body, "<Latest>");
    put_id(upload, number, &body);
    text_put(&body, "</Latest>");
  }
  text_put(&body, "</BlockList>");
  Pairs query = {.items = NULL};
  Request request = {.body = text_of(&body), .body_size = body.len};
  Response response = {.status = 0};
  pairs_put(&query, "comp", "blocklist");
  int status = body.failed ? net_no_memory(error) : az_request(base->store, "PUT", upload->name, &query, &request, error);
  pairs_put(&request.signed_headers, "x-ms-blob-content-type", upload->content_type);
  pairs_put(&request.headers, "Content-Type", "application/xml");
  if (status == 0) status = client_send(&base->store->client, &request, &response, error);
  bytes_free(&body);
  request_free(&request);
  response_free(&response);
  return status;
}

void az_free_upload(RemoteUpload *base) {
  Upload *upload = (Upload *)base;
  pthread_mutex_destroy(&upload->lock);
  free(upload->name);
  free(upload->content_type);
  free(upload);
}
