/* s3.h - stores that speak the language of S3: s3.c (requests, reading, listing), s3_upload.c (writing). Also gs.c, in its XML API. */
#ifndef MODULES_NET_S3_H
#define MODULES_NET_S3_H

#include "net.h"

typedef struct S3 {
  pthread_mutex_t lock; /* over all below that changes */
  Keys keys;
  uint64_t keys_number; /* how often keys were looked for; 0: not yet */
  char *region;
  char *endpoint; /* "https://host:port"; NULL: Amazon's, of the region */
  char *prefix;   /* the path behind the endpoint, without / at its end */
  bool host_style; /* https://bucket.host/key */
  /* Another way to say who asks than keys; NULL: keys. */
  int (*authorize)(RemoteStore *store, Request *request, Pairs *headers, RemoteError *error);
} S3;

/* Takes over s3, which is zero, as the store's own; s3_close frees it, and what it may be the beginning of. */
int s3_start(RemoteStore *store, S3 *s3, const char *endpoint, const char *region, RemoteError *error);
void s3_close(RemoteStore *store);
/* A request about an object (key "": the bucket), with a query that it takes from the pairs. */
int s3_request(RemoteStore *store, const char *method, const char *key, Pairs *query, Request *request, RemoteError *error);
/* What an answer means; also for 200 with an error inside, if it is the last step of an upload. */
Verdict s3_judge(void *self, Request *request, const Response *response, RemoteError *error);
Verdict s3_judge_error(RemoteStore *store, Request *request, const Response *response, RemoteError *error);

int s3_aim(RemoteStore *store, const char *url, Request *request, RemoteError *error);
int s3_look(RemoteStore *store, const char *url, RemoteInfo *out, RemoteError *error);
int s3_list(RemoteStore *store, const char *url, const char *begins, bool deep, bool (*found)(void *self, const char *name, const RemoteInfo *info), void *self,
            RemoteError *error);

int s3_put(RemoteStore *store, const char *url, const char *content_type, const void *data, uint64_t size, RemoteError *error);
int s3_begin(RemoteStore *store, const char *url, const char *content_type, RemoteUpload **out, RemoteError *error);
int s3_part(RemoteUpload *upload, uint32_t number, const void *data, uint64_t size, RemoteError *error);
int s3_complete(RemoteUpload *upload, RemoteError *error);
void s3_free_upload(RemoteUpload *upload);
int s3_remove(RemoteStore *store, const char *url, RemoteError *error);

#endif
