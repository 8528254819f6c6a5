#pragma once
// libcurl, and non-variadic spellings of its variadic calls, which Swift cannot make.
#include <curl/curl.h>

CURLcode ccurl_setopt_long(CURL *handle, CURLoption option, long value);
CURLcode ccurl_setopt_string(CURL *handle, CURLoption option, const char *value);
CURLcode ccurl_setopt_pointer(CURL *handle, CURLoption option, void *value);
CURLcode ccurl_setopt_write(CURL *handle, size_t (*callback)(char *, size_t, size_t, void *), void *context);
CURLcode ccurl_setopt_header(CURL *handle, size_t (*callback)(char *, size_t, size_t, void *), void *context);
/// Copies the body of a POST request.
CURLcode ccurl_setopt_body(CURL *handle, const void *bytes, size_t count);
/// Copies a certificate or key.
CURLcode ccurl_setopt_blob(CURL *handle, CURLoption option, const void *bytes, size_t count);
CURLcode ccurl_getinfo_long(CURL *handle, CURLINFO info, long *value);
CURLcode ccurl_getinfo_string(CURL *handle, CURLINFO info, const char **value);
CURLcode ccurl_getinfo_pointer(CURL *handle, CURLINFO info, void **value);
CURLMcode ccurl_multi_setopt_long(CURLM *multi, CURLMoption option, long value);
/// The easy handle and result of a CURLMSG_DONE message.
CURL *ccurl_message_handle(const CURLMsg *message);
CURLcode ccurl_message_result(const CURLMsg *message);
