/// Bytes in text, and pictures of them.

export function bytesOf(base64: string): Uint8Array {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; ++i) bytes[i] = text.charCodeAt(i);
  return bytes;
}

type Color = [number, number, number];

/// A picture, pixel by pixel.
export function image(width: number, height: number, color: (i: number) => Color): ImageData {
  const data = new ImageData(width, height);
  for (let i = 0; i < width * height; ++i) data.data.set([...color(i), 255], 4 * i);
  return data;
}

/// Draws a picture as large as the canvas is to be, its pixels as squares.
export function show(canvas: HTMLCanvasElement, data: ImageData, side: number): void {
  canvas.width = data.width;
  canvas.height = data.height;
  canvas.getContext('2d')?.putImageData(data, 0, 0);
  const scale = side / Math.max(data.width, data.height);
  canvas.style.width = `${Math.round(data.width * scale)}px`;
  canvas.style.height = `${Math.round(data.height * scale)}px`;
}

/// Blue below zero, the paper's colour at zero, red above; `value` in [-1, 1].
export function diverging(value: number, dark: boolean): Color {
  const end: Color = value < 0 ? (dark ? [96, 158, 255] : [28, 92, 200]) : dark ? [255, 122, 96] : [200, 40, 30];
  const middle: Color = dark ? [20, 23, 28] : [255, 255, 255];
  const share = Math.min(1, Math.abs(value));
  return middle.map((from, i) => Math.round(from + share * ((end[i] as number) - from))) as Color;
}

export function rgb(color: string): Color {
  const hex = parseInt(color.slice(1, 7), 16);
  return [hex >> 16, (hex >> 8) & 255, hex & 255];
}
