// libjpeg's errors are led out by longjmp, which must not jump over C++ objects with destructors. So
// every call that may jump stands in a function of plain data; the C++ side owns what is allocated.
#include <fmt/format.h>

#include <array>
#include <csetjmp>
#include <cstdio>

// jpeglib.h needs stdio.h before it.
#include <jerror.h>
#include <jpeglib.h>

#include "hebb/error.hpp"
#include "io/image_codecs.hpp"

namespace hebb::io {

namespace {

struct JpegReader {
  jpeg_decompress_struct state{};
  jpeg_error_mgr errors{};
  jpeg_progress_mgr progress{};
  std::jmp_buf jump{};
  std::array<char, JMSG_LENGTH_MAX> message{};
  bool created = false;

  JpegReader() = default;
  ~JpegReader() {
    if (created) jpeg_destroy_decompress(&state);
  }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;
};

void on_error(j_common_ptr state) {
  auto& reader = *static_cast<JpegReader*>(state->client_data);
  state->err->format_message(state, reader.message.data());
  std::longjmp(reader.jump, 1);
}

/// libjpeg goes on after damage and fills the rest with gray. A picture that is not whole is an error
/// here; warnings that leave the pixels alone are not.
void on_message(j_common_ptr state, int level) {
  if (level >= 0) return;
  const int code = state->err->msg_code;
  if (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE ||
      code == JWRN_MUST_RESYNC) {
    on_error(state);
  }
}

/// A small progressive file can ask for a pass over the picture every few bytes.
void on_progress(j_common_ptr state) {
  constexpr int kMostScans = 100;
  auto& reader = *static_cast<JpegReader*>(state->client_data);
  if (reader.state.input_scan_number <= kMostScans) return;
  std::snprintf(reader.message.data(), reader.message.size(), "more than %d scans", kMostScans);
  std::longjmp(reader.jump, 1);
}

bool read_jpeg_header(JpegReader& reader, const std::uint8_t* bytes, unsigned long count) {
  reader.state.err = jpeg_std_error(&reader.errors);
  reader.errors.error_exit = on_error;
  reader.errors.emit_message = on_message;
  reader.state.client_data = &reader;
  if (setjmp(reader.jump) != 0) return false;
  jpeg_create_decompress(&reader.state);
  reader.created = true;
  reader.progress.progress_monitor = on_progress;
  reader.state.progress = &reader.progress;
  jpeg_mem_src(&reader.state, bytes, count);
  jpeg_read_header(&reader.state, TRUE);
  reader.state.out_color_space = reader.state.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
  return true;
}

bool read_jpeg_rows(JpegReader& reader, std::uint8_t* pixels, std::size_t row_bytes) {
  if (setjmp(reader.jump) != 0) return false;
  jpeg_start_decompress(&reader.state);
  while (reader.state.output_scanline < reader.state.output_height) {
    JSAMPROW row = pixels + reader.state.output_scanline * row_bytes;
    jpeg_read_scanlines(&reader.state, &row, 1);
  }
  jpeg_finish_decompress(&reader.state);
  return true;
}

[[noreturn]] void fail_jpeg(const ImageSource& source, const JpegReader& reader) {
  const std::size_t left =
      reader.created && reader.state.src != nullptr ? reader.state.src->bytes_in_buffer : 0;
  // At the end of the input libjpeg reads from a buffer of its own.
  const std::size_t byte = left <= source.bytes.size() ? source.bytes.size() - left : source.bytes.size();
  fail_at(source.name, byte, fmt::format("malformed JPEG: {}", reader.message.data()));
}

}  // namespace

Image decode_jpeg(const ImageSource& source) {
  // A block of 64 pixels takes a bit at least, and with the coarsest sampling 16 times as many pixels.
  constexpr std::uint64_t kMostPixelsPerByte = 8 * 64 * 16;
  JpegReader reader;
  if (!read_jpeg_header(reader, source.bytes.data(), source.bytes.size())) fail_jpeg(source, reader);
  check_extents(source, reader.state.image_width, reader.state.image_height,
                kMostPixelsPerByte * source.bytes.size());
  Image image{.height = static_cast<int>(reader.state.image_height),
              .width = static_cast<int>(reader.state.image_width),
              .channels = reader.state.num_components == 1 ? 1 : 3,
              .bytes = {}};
  image.bytes.resize(image_bytes(image));
  const std::size_t row_bytes = image_bytes(image) / static_cast<std::size_t>(image.height);
  if (!read_jpeg_rows(reader, image.bytes.data(), row_bytes)) fail_jpeg(source, reader);
  return image;
}

}  // namespace hebb::io
