// Decodes a visitor's file to opaque pixels, or says in one sentence why it cannot.

export const MOST_PIXELS = 25_000_000
const HEIC = /^ftyp(heic|heix|heim|heis|hevc|hevx|mif1|msf1)/
const SHOWN = 960 // side in pixels of the picture that the viewer draws
const QUALITY = 0.88

/** Check a file before it is decoded: browsers read an image's size from its header. Runs on the page, not in the worker, which has no image elements. @param {Blob} file */
export async function checked(file) {
  if (!file.size) throw new Error("It is empty. Choose another picture")
  const url = URL.createObjectURL(file)
  try {
    const { width, height } = await sizeOf(url)
    if (width * height > MOST_PIXELS) {
      const [has, most] = [width * height, MOST_PIXELS].map((pixels) => Math.round(pixels / 1e6))
      throw new Error(`It has ${has} megapixels, and this page takes up to ${most}. Make it smaller and try again`)
    }
  } catch (error) {
    if (error instanceof Error) throw error
    throw new Error(await isHeic(file)
      ? "It is in HEIC, which this browser cannot open. On the phone choose “Most compatible” under Camera, Formats, or send it as JPEG"
      : "It is not a picture that this browser can open. Choose a JPEG, PNG, WebP, AVIF or GIF", { cause: error })
  } finally {
    URL.revokeObjectURL(url)
  }
}

/** @param {string} url @returns {Promise<{ width: number, height: number }>} */
function sizeOf(url) {
  return new Promise((resolve, reject) => {
    const image = new Image()
    image.onload = () => resolve({ width: image.naturalWidth, height: image.naturalHeight })
    image.onerror = reject
    image.src = url
  })
}

/** @param {Blob} file */
async function isHeic(file) {
  return HEIC.test(new TextDecoder("latin1").decode(await file.slice(4, 12).arrayBuffer()))
}

/** Decode upright, in sRGB, with transparency over white, as models.images.open_image. @param {Blob | ImageBitmap} source @returns {Promise<Pixels>} */
export async function pixelsOf(source) {
  const bitmap = source instanceof ImageBitmap ? source : await decoded(source)
  const { width, height } = bitmap
  const context = contextOf(width, height)
  context.fillStyle = "white"
  context.fillRect(0, 0, width, height)
  context.drawImage(bitmap, 0, 0)
  bitmap.close()
  return context.getImageData(0, 0, width, height)
}

/** @param {Blob} file */
async function decoded(file) {
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image" })
  } catch (error) {
    throw new Error("The browser cannot decode it, or has no memory left for it. Save it as JPEG, or smaller, and try again", { cause: error })
  }
}

/** The picture that the viewer draws: the view as a JPEG, no larger than needed. @param {Uint8ClampedArray} seen RGB of a square @returns {Promise<Blob>} */
export function pictureOf(seen) {
  const side = Math.round(Math.sqrt(seen.length / 3)), context = contextOf(side, side)
  const image = context.createImageData(side, side)
  for (let place = 0; place < side * side; place++) {
    for (let channel = 0; channel < 3; channel++) image.data[4 * place + channel] = seen[3 * place + channel]
    image.data[4 * place + 3] = 255
  }
  context.putImageData(image, 0, 0)
  return context.canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY })
}

/** Side in pixels of the picture of a photograph, as ui.photographs.picture. @param {Pixels} image */
export function shownSide({ width, height }) {
  return Math.min(SHOWN, Math.max(width, height))
}

/** @param {number} width @param {number} height */
function contextOf(width, height) {
  if (!("OffscreenCanvas" in globalThis)) throw new Error("This browser is too old for photographs here. Update it, or use another")
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })
  if (!context) throw new Error("This browser has no memory left for a picture of this size. Choose a smaller one")
  return context
}
