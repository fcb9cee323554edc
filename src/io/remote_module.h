/* remote_module.h - the interface of the module dcetl-net.so: files on object stores and web servers, by libcurl.
 *
 * All calls block, are thread-safe unless they say otherwise, try again what a server or network may do better the next time (5xx, 429,
 * a lost connection; growing pauses with jitter, at most `retries` of them), and give up when host->stopped() is true. They return 0, or
 * -1 with the error set. A URL is "scheme://place/path" as the script gave it, percent-encoding and all for http(s), as it is for the others.
 */
#ifndef IO_REMOTE_MODULE_H
#define IO_REMOTE_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REMOTE_MODULE_VERSION = 3 };

typedef enum RemoteFailure {
  REMOTE_FAILED,
  REMOTE_MISSING, /* there is no such bucket, folder, object */
  REMOTE_DENIED,  /* who asks may not, or is not known */
  REMOTE_CHANGED, /* it is not the version any more that was asked for */
  REMOTE_STOPPED, /* the run is to end */
} RemoteFailure;

typedef struct RemoteError {
  RemoteFailure kind;
  char text[600]; /* what is wrong, without the URL and without secrets: "403 Forbidden: the key id is not known (InvalidAccessKeyId)" */
  char hint[300]; /* the way out, if there is one */
} RemoteError;

/* What the program gives to the module; lives as long as the program. */
typedef struct RemoteHost {
  bool (*stopped)(void);
  void (*secret)(const char *text); /* masked in every message from now on */
  bool (*secret_name)(const char *name, size_t len); /* of a query's parameter: nobody should see its value */
  void (*debug)(const char *text); /* a line of the log at level debug: requests, pauses, redirects. Without secrets */
} RemoteHost;

/* A parameter of the adapter: access_key, secret_key, session_token, endpoint, region, profile, path_style, token, headers … */
typedef struct RemoteOption {
  const char *name, *value;
} RemoteOption;

typedef struct RemoteStore RemoteStore;   /* the module's: a server or bucket, credentials, its connections */
typedef struct RemoteUpload RemoteUpload; /* the module's: an object on its way */

typedef enum RemoteKind { REMOTE_NONE, REMOTE_FILE, REMOTE_FOLDER } RemoteKind;

typedef struct RemoteInfo {
  RemoteKind kind;
  uint64_t size;     /* UINT64_MAX: the server does not say */
  char version[128]; /* ETag or the like, to notice a change between two reads; "": none */
  bool ranges;       /* parts of it can be read */
} RemoteInfo;

/* What uploads of a store have to keep to. */
typedef struct RemoteLimits {
  uint64_t part_min; /* bytes of every part but the last */
  uint64_t part_max;
  uint32_t parts;    /* most of them */
  bool in_order;     /* parts one after another, not at once */
} RemoteLimits;

typedef struct RemoteModule {
  uint32_t version;
  const char *const *schemes; /* "s3", "s3a", "gs", …, NULL at the end */
  bool (*can_write)(const char *url);

  /* For all URLs of one scheme and host or bucket. Credentials are looked for here, requests are made later. host is kept. */
  int (*open)(const RemoteHost *host, const char *url, const RemoteOption *options, uint32_t option_count, RemoteStore **out, RemoteError *error);
  void (*close)(RemoteStore *store);

  /* --- Reading --- */
  /* What is at the URL; nothing is no error (REMOTE_NONE), a bucket that is not there is one. A prefix of objects' names that ends before a / is a folder. */
  int (*look)(RemoteStore *store, const char *url, RemoteInfo *out, RemoteError *error);
  /* Names below a folder, in any order: its files and folders, or if deep all files below it, as paths relative to it. Those that begin with `begins` are
     enough ("": all). found returns false to stop. */
  int (*list)(RemoteStore *store, const char *url, const char *begins, bool deep, bool (*found)(void *self, const char *name, const RemoteInfo *info), void *self,
              RemoteError *error);
  /* Bytes [offset, offset + size) of a file, fewer only at its end. version: as look gave it, "" or NULL: any. *info (may be NULL): of the file. */
  int (*read_at)(RemoteStore *store, const char *url, const char *version, uint64_t offset, void *data, uint64_t size, uint64_t *got, RemoteInfo *info, RemoteError *error);
  /* A file from byte `offset` on (0 where a server gives no ranges), in order, by one request unless connections are lost: take gets its bytes, and returns false
     to stop. version: as for read_at. */
  int (*read_from)(RemoteStore *store, const char *url, const char *version, uint64_t offset, bool (*take)(void *self, const void *data, size_t size), void *self,
                   RemoteError *error);

  /* --- Writing --- */
  void (*limits)(RemoteStore *store, RemoteLimits *out);
  /* A whole object, at once. content_type may be NULL. */
  int (*put)(RemoteStore *store, const char *url, const char *content_type, const void *data, uint64_t size, RemoteError *error);
  /* An object in parts, that nobody sees before upload_complete. */
  int (*upload_begin)(RemoteStore *store, const char *url, const char *content_type, RemoteUpload **out, RemoteError *error);
  int (*upload_part)(RemoteUpload *upload, uint32_t number, const void *data, uint64_t size, RemoteError *error); /* from 1; several threads, unless limits.in_order */
  int (*upload_complete)(RemoteUpload *upload, RemoteError *error);
  void (*upload_free)(RemoteUpload *upload); /* without upload_complete: what was uploaded is removed */
  int (*remove)(RemoteStore *store, const char *url, RemoteError *error); /* what is not there is no error */
} RemoteModule;

#endif
