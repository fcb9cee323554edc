/* az.h - Azure Blob Storage by its REST interface: az.c (who asks, requests, reading, listing), az_upload.c (writing). */
#ifndef MODULES_NET_AZ_H
#define MODULES_NET_AZ_H

#include "net.h"

/* A request about a blob (name "": the container), with a query that it takes from the pairs. */
int az_request(RemoteStore *store, const char *method, const char *name, Pairs *query, Request *request, RemoteError *error);

int az_put(RemoteStore *store, const char *url, const char *content_type, const void *data, uint64_t size, RemoteError *error);
int az_begin(RemoteStore *store, const char *url, const char *content_type, RemoteUpload **out, RemoteError *error);
int az_part(RemoteUpload *upload, uint32_t number, const void *data, uint64_t size, RemoteError *error);
int az_complete(RemoteUpload *upload, RemoteError *error);
void az_free_upload(RemoteUpload *upload);
int az_remove(RemoteStore *store, const char *url, RemoteError *error);

#endif
