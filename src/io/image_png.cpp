// libpng reports errors by longjmp, which must not jump over C++ objects with destructors. So every
// call that may jump stands in a function of plain data; the C++ side owns what is allocated.
#include <fmt/format.h>
#include <png.h>

#include <algorithm>
#include <array>
#include <csetjmp>

#include "hebb/error.hpp"
#include "io/image_codecs.hpp"
#include "io/inflate.hpp"

namespace hebb {

namespace io {

namespace {

/// What the callbacks of libpng work on.
struct Context {
  const std::uint8_t* next = nullptr;
  std::size_t remaining = 0;
  std::vector<std::uint8_t>* output = nullptr;
  bool out_of_memory = false;
  std::array<char, 200> message{};
};

void on_error(png_structp png, png_const_charp message) {
  auto& context = *static_cast<Context*>(png_get_error_ptr(png));
  std::snprintf(context.message.data(), context.message.size(), "%s", message);
  png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}

void on_read(png_structp png, png_bytep to, std::size_t count) {
  auto& context = *static_cast<Context*>(png_get_io_ptr(png));
  if (count > context.remaining) {
    context.remaining = 0;
    png_error(png, "the file is truncated");
  }
  std::copy_n(context.next, count, to);
  context.next += count;
  context.remaining -= count;
}

void on_write(png_structp png, png_bytep from, std::size_t count) {
  auto& context = *static_cast<Context*>(png_get_io_ptr(png));
  try {
    context.output->insert(context.output->end(), from, from + count);
  } catch (const std::bad_alloc&) {
    context.out_of_memory = true;
  }
  if (context.out_of_memory) png_error(png, "out of memory");
}

void on_flush(png_structp) {}

struct PngReader {
  Context context;
  png_structp png = nullptr;
  png_infop info = nullptr;

  PngReader() {
    png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &context, on_error, on_warning);
    if (png == nullptr) throw std::bad_alloc();
    info = png_create_info_struct(png);
    if (info == nullptr) {
      png_destroy_read_struct(&png, nullptr, nullptr);
      throw std::bad_alloc();
    }
  }
  ~PngReader() { png_destroy_read_struct(&png, &info, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;
};

struct PngWriter {
  Context context;
  png_structp png = nullptr;
  png_infop info = nullptr;

  PngWriter() {
    png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &context, on_error, on_warning);
    if (png == nullptr) throw std::bad_alloc();
    info = png_create_info_struct(png);
    if (info == nullptr) {
      png_destroy_write_struct(&png, nullptr);
      throw std::bad_alloc();
    }
  }
  ~PngWriter() { png_destroy_write_struct(&png, &info); }
  PngWriter(const PngWriter&) = delete;
  PngWriter& operator=(const PngWriter&) = delete;
};

/// Reads everything before the pixels and asks for 8-bit gray or RGB, with alpha where there is some.
bool read_png_header(png_structp png, png_infop info, png_uint_32 most_extent) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  constexpr png_alloc_size_t kMostChunkBytes = 8u << 20;
  png_set_user_limits(png, most_extent, most_extent);
  png_set_chunk_malloc_max(png, kMostChunkBytes);
  png_set_chunk_cache_max(png, 100);
  png_read_info(png, info);
  png_set_expand(png);
  png_set_scale_16(png);
  png_set_interlace_handling(png);
  png_read_update_info(png, info);
  return true;
}

bool read_png_rows(png_structp png, png_bytepp rows) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_read_image(png, rows);
  png_read_end(png, nullptr);
  return true;
}

struct PngFormat {
  png_uint_32 width;
  png_uint_32 height;
  int color;
};

bool write_png_file(png_structp png, png_infop info, const PngFormat& format, png_bytepp rows) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_IHDR(png, info, format.width, format.height, 8, format.color, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  png_write_image(png, rows);
  png_write_end(png, nullptr);
  return true;
}

std::vector<png_bytep> rows_of(std::uint8_t* pixels, const Image& image) {
  std::vector<png_bytep> rows(static_cast<std::size_t>(image.height));
  const std::size_t row_bytes = image_bytes(image) / rows.size();
  for (std::size_t y = 0; y < rows.size(); ++y) rows[y] = pixels + y * row_bytes;
  return rows;
}

[[noreturn]] void fail_png(const ImageSource& source, const Context& context) {
  fail_at(source.name, source.bytes.size() - context.remaining,
          fmt::format("malformed PNG: {}", context.message.data()));
}

}  // namespace

Image decode_png(const ImageSource& source) {
  PngReader reader;
  reader.context.next = source.bytes.data();
  reader.context.remaining = source.bytes.size();
  png_set_read_fn(reader.png, &reader.context, on_read);
  const auto most_extent =
      static_cast<png_uint_32>(std::clamp<std::int64_t>(source.most_pixels, 1, PNG_UINT_31_MAX));
  if (!read_png_header(reader.png, reader.info, most_extent)) fail_png(source, reader.context);
  const png_uint_32 width = png_get_image_width(reader.png, reader.info);
  const png_uint_32 height = png_get_image_height(reader.png, reader.info);
  // At worst a pixel takes one bit before compression.
  check_extents(source, width, height, 8 * most_inflated(source.bytes.size()));
  Image image{.height = static_cast<int>(height),
              .width = static_cast<int>(width),
              .channels = png_get_channels(reader.png, reader.info),
              .bytes = {}};
  if (png_get_rowbytes(reader.png, reader.info) != image_bytes(image) / height) {
    throw FormatError(fmt::format("{}: PNG rows of an unexpected size", source.name));
  }
  image.bytes.resize(image_bytes(image));
  std::vector<png_bytep> rows = rows_of(image.bytes.data(), image);
  if (!read_png_rows(reader.png, rows.data())) fail_png(source, reader.context);
  return image;
}

}  // namespace io

std::vector<std::uint8_t> encode_png(const Image& image) {
  constexpr std::array<int, 5> kColors = {0, PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA,
                                          PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA};
  if (image.channels < 1 || image.channels > 4 || image.height < 1 || image.width < 1 ||
      image.bytes.size() != io::image_bytes(image)) {
    throw ShapeError(
        fmt::format("an image of {} x {} pixels, {} channels and {} bytes cannot be written as PNG",
                    image.height, image.width, image.channels, image.bytes.size()));
  }
  std::vector<std::uint8_t> output;
  io::PngWriter writer;
  writer.context.output = &output;
  png_set_write_fn(writer.png, &writer.context, io::on_write, io::on_flush);
  // libpng's rows are not const, but it does not write to them.
  std::vector<png_bytep> rows = io::rows_of(const_cast<std::uint8_t*>(image.bytes.data()), image);
  const io::PngFormat format{.width = static_cast<png_uint_32>(image.width),
                             .height = static_cast<png_uint_32>(image.height),
                             .color = kColors[static_cast<std::size_t>(image.channels)]};
  if (!io::write_png_file(writer.png, writer.info, format, rows.data())) {
    if (writer.context.out_of_memory) throw std::bad_alloc();
    throw FormatError(fmt::format("the image cannot be written as PNG: {}", writer.context.message.data()));
  }
  return output;
}

}  // namespace hebb
